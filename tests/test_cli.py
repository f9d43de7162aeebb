"""The command line: what it prints, when it prints it, and what it says about bad arguments."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

import toolfeed
from toolfeed.cli import demo
from toolfeed.cli.app import commands
from toolfeed.cli.demo import show_still, show_transcript, steps
from toolfeed.cli.reading import Cut, fragments, text_chunks
from toolfeed.cli.scenes import SCENES, Scene, choose_turns
from toolfeed.cli.screen import Screen, show_formats, visible
from toolfeed.cli.show import TYPES

TOOLFEED = [sys.executable, "-m", "toolfeed"]
PATIENCE = 20  # seconds until a line that should be there at once counts as missing

TURN = """Let me check.
<tool_call>
{"name": "get_weather", "arguments": {"city": "Zürich", "days": 3}}
</tool_call>"""
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def toolfeed_command(*arguments: str | Path, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments], input=stdin)


def lines_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def merged(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring deltas of one kind joined, and ids left out."""
    result: list[dict[str, Any]] = []
    for event in events:
        event = {key: value for key, value in event.items() if key != "id"}
        before = result[-1] if result else {}
        if event["type"].endswith("_delta") and (before.get("type"), before.get("index")) == (
            event["type"],
            event.get("index"),
        ):
            before["text"] += event["text"]
        else:
            result.append(event)
    return result


EVENTS = [
    {"type": "content_delta", "text": "Let me check."},
    {"type": "tool_call_start", "index": 0, "name": "get_weather"},
    {"type": "arguments_delta", "index": 0, "text": '{"city": "Zürich", "days": 3}'},
    {"type": "tool_call_end", "index": 0, "status": "complete", "error": "", "raw": "", "model_id": None, "notes": []},
]


class TestParse:
    @pytest.mark.parametrize("cut", [(), ("--cut", "1"), ("--cut", "7"), ("--cut", "words"), ("--cut", "chars")])
    def test_prints_a_json_line_per_event(self, cut: tuple[str, ...]) -> None:
        assert merged(lines_of(toolfeed_command("parse", "--format", "hermes", *cut, stdin=TURN))) == EVENTS

    def test_reads_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "turn.txt"
        path.write_text(TURN, encoding="utf-8")
        assert merged(lines_of(toolfeed_command("parse", "-f", "hermes", path))) == EVENTS

    def test_passes_its_options_on(self, tmp_path: Path) -> None:
        tools = tmp_path / "tools.json"
        tools.write_text(json.dumps(TOOLS))
        options = ["--tools", str(tools), "--start", "reasoning", "--whitespace", "keep", "--repair", "--delay", "0.1"]
        events = merged(lines_of(toolfeed_command("parse", "-f", "hermes", *options, stdin="Hm.\n</think>\n\nYes.")))
        parser = toolfeed.Parser("hermes", tools=TOOLS, start="reasoning", whitespace="keep", repair=True)
        wanted = [*parser.feed("Hm.\n</think>\n\nYes."), *parser.finish()]
        assert [event["type"] for event in events] == ["reasoning_delta", "content_delta"]
        assert events == [{"type": TYPES[type(event)], **msgspec.structs.asdict(event)} for event in wanted]

    def test_prompt_sets_the_start(self) -> None:
        (event,) = lines_of(toolfeed_command("parse", "-f", "hermes", "--prompt", "<think>\n", stdin="Hm"))
        assert event == {"type": "reasoning_delta", "text": "Hm"}

    def test_what_is_no_utf8_becomes_the_replacement_character(self) -> None:
        (event,) = lines_of(toolfeed_command("parse", "-f", "hermes", stdin=b"a\xffb"))
        assert event["text"] == "a\N{REPLACEMENT CHARACTER}b"

    def test_no_text_is_no_event(self) -> None:
        assert lines_of(toolfeed_command("parse", "-f", "hermes")) == []


@pytest.fixture
def bad_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nothing.toml").write_text('format = 1\nname = "x"\nnonsense = 1\n')
    Path("broken.toml").write_text("name = ")
    Path("broken.json").write_text("[{]")
    Path("wrong.json").write_text('[{"type": "function", "function": {"parameters": 7}}]')
    Path("null.json").write_text("null")
    Path("folder").mkdir()


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["parse", "-f", "hermez"], "hermes"),
        (["parse", "-f", "missing.toml"], "missing.toml"),
        (["parse", "-f", "nothing.toml"], "nonsense"),
        (["parse", "-f", "broken.toml"], "broken.toml"),
        (["parse", "-f", "hermes", "missing.txt"], "missing.txt"),
        (["parse", "-f", "hermes", "folder"], "folder"),
        (["parse", "-f", "hermes", "-t", "missing.json"], "missing.json"),
        (["parse", "-f", "hermes", "-t", "broken.json"], "broken.json"),
        (["parse", "-f", "hermes", "-t", "wrong.json"], "wrong.json: tool 0"),
        (["parse", "-f", "hermes", "-t", "null.json"], "null.json: tools must be a list"),
        (["parse", "-f", "hermes", "--cut", "0"], "--cut"),
        (["parse", "-f", "hermes", "--cut", "lines"], "--cut"),
        (["parse"], "--format"),
        (["parse", "-f"], "-f"),
        (["parse", "-f", "hermes", "--nonsense"], "--nonsense"),
        (["parse", "-f", "hermes", "--start", "middle"], "'content', 'reasoning'"),
        (["parse", "-f", "hermes", "--delay", "soon"], "--delay"),
        (["parse", "-f", "hermes", "one.txt", "two.txt"], "two.txt"),
        (["parse", "-f", "nope"], "'nope'; toolfeed.formats() lists them"),
        (["parse", "-f", "auto"], "give --template, --model or --tokenizer-config"),
        (["parse", "-f", "hermes", "--model", "Qwen/Qwen3-8B"], "'auto' only"),
        (["detect"], "give --template, --model or --tokenizer-config"),
        (["detect", "--template", "missing.jinja"], "missing.jinja"),
        (["detect", "--tokenizer-config", "missing"], "missing"),
        (["detect", "--tokenizer-config", "broken.json"], "broken.json"),
        (["detect", "--tokenizer-config", "folder"], "tokenizer_config.json"),
        (["detect", "--model", "m", "--grammar", "missing.toml"], "missing.toml"),
        (["detect", "--model", "m", "--grammar", "broken.toml"], "broken.toml"),
        (["detect", "Qwen/Qwen3-8B"], "Qwen/Qwen3-8B"),
        (["demo", "-f", "hermez"], "hermes"),
        (["demo", "-f", "missing.toml"], "missing.toml"),
        (["demo", "--speed", "0"], "--speed"),
        (["fuzz", "--seconds", "x"], "'x' is not a number"),
        (["serve", "--port", "x"], "'x' is not a whole number"),
        (["check", "./folder"], "ends in .toml"),
        (["prase"], "prase"),
        (["--nonsense"], "--nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_argument_is_one_line_and_exit_code_2(arguments: list[str], says: str) -> None:
    result = toolfeed_command(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("toolfeed: ")
    assert says in line


KIMI = "{%- if tools %}<|tool_calls_section_begin|>{%- endif %}"


def test_detect_says_which_format_and_why(tmp_path: Path) -> None:
    (tmp_path / "template.jinja").write_text(KIMI)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": KIMI}))
    template = ("--template", tmp_path / "template.jinja")
    for options in (template, ("--tokenizer-config", tmp_path / "tokenizer_config.json")):
        (line,) = lines_of(toolfeed_command("detect", *options, "--model", "moonshotai/Kimi-K2-Instruct"))
        assert list(line) == ["format", "confidence", "reason"]
        assert (line["format"], line["confidence"]) == ("kimi_k2", "high")
        assert "<|tool_calls_section_begin|>" in line["reason"]
        assert "moonshotai/Kimi-K2*" in line["reason"]
    (line,) = lines_of(toolfeed_command("detect", *template, "-m", "Qwen/Qwen3-8B", "--json"))
    assert (line["format"], line["confidence"]) == ("kimi_k2", "medium")


def test_detect_takes_grammars_of_one_s_own(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('format = 1\nname = "mine"\nmodels = "acme/Mine-*"\n[calls]\ncall = "<mine>{call:json}</mine>"\n')
    (line,) = lines_of(toolfeed_command("detect", "-m", "acme/Mine-7B", "-g", own))
    assert line["format"] == "mine"


@pytest.mark.parametrize(
    ("model", "says"),
    [("acme/unheard-of", "acme/unheard-of"), ("deepseek-ai/DeepSeek-V3.2-Exp", "deepseek_v31 or deepseek_v32")],
)
@pytest.mark.parametrize("command", [["detect"], ["parse", "--format", "auto"]], ids=["detect", "parse"])
def test_what_detect_cannot_tell_is_one_line_and_exit_code_1(command: list[str], model: str, says: str) -> None:
    result = toolfeed_command(*command, "--model", model)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("toolfeed: ")
    assert says in line


def test_parse_detects_the_format_and_says_so() -> None:
    result = toolfeed_command("parse", "--format", "auto", "--model", "Qwen/Qwen3-8B", stdin=TURN)
    assert merged(lines_of(result)) == EVENTS
    assert result.stderr.startswith("format hermes, confidence medium: the model id 'Qwen/Qwen3-8B' fits")


def test_formats_prints_a_json_line_per_format() -> None:
    lines = lines_of(toolfeed_command("formats"))
    assert [line["name"] for line in lines] == [info.name for info in toolfeed.formats()]
    assert set(lines[0]) == {"name", "aliases", "models", "special_tokens", "turn_end_tokens", "start_states"}


def test_check_says_where_an_example_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'format = 1\nname = "own"\n[calls]\ncall = "<c>{call:json}</c>"\n[[examples]]\ncase = "x"\ntext = ""\n'
        """calls = [{ name = "f", arguments = '{"a": 1' }]\n"""
    )
    result = toolfeed_command("check", path)
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{path}:8: problem: examples.calls.arguments: is no JSON: ")


@pytest.mark.parametrize("module", ["toolfeed", "toolfeed.cli"])
def test_the_command_line_is_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("toolfeed ")


def test_version_and_help() -> None:
    assert re.fullmatch(r"toolfeed \d+\.\d+\.\d+\S*\n", toolfeed_command("--version").stdout)
    for command in [], ["formats"], ["detect"], ["parse"], ["demo"]:
        assert toolfeed_command(*command, "--help").exit_code == 0
    assert toolfeed_command().stdout == toolfeed_command("--help").stdout


class TestReading:
    @given(st.lists(st.text(min_size=1)), st.one_of(st.none(), st.integers(1, 9), st.just("words")))
    def test_no_cut_loses_or_adds_a_character(self, chunks: list[str], cut: Cut | None) -> None:
        found = list(fragments(chunks, cut))
        assert "".join(found) == "".join(chunks)
        assert all(found)
        if isinstance(cut, int):
            assert all(len(piece) == cut for piece in found[:-1])

    @given(st.lists(st.text(min_size=1), min_size=1), st.one_of(st.integers(1, 9), st.just("words")))
    def test_cuts_do_not_depend_on_the_chunks(self, chunks: list[str], cut: Cut) -> None:
        assert list(fragments(chunks, cut)) == list(fragments(["".join(chunks)], cut))

    def test_a_whole_piece_does_not_wait(self) -> None:
        def chunks() -> Iterator[str]:
            yield "abcd"
            pytest.fail("asked for more than was needed")

        cut = fragments(chunks(), 2)
        assert [next(cut), next(cut)] == ["ab", "cd"]

    def test_characters_cut_by_the_pipe_are_whole(self) -> None:
        class Slow(io.RawIOBase):
            data = bytearray("ä€🤖".encode() + b"\xe2\x82")

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                buffer[: 1 if self.data else 0] = part = self.data[:1]
                del self.data[:1]
                return len(part)

        assert list(text_chunks(io.BufferedReader(Slow()))) == ["ä", "€", "🤖", "\N{REPLACEMENT CHARACTER}"]


class Running:
    """The command in a process of its own, with a live pipe on each side, or a terminal of 100 columns to write to."""

    def __init__(self, *arguments: str, terminal: bool = False) -> None:
        self.output, theirs = pty.openpty() if terminal else os.pipe()
        env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
        self.process = subprocess.Popen(
            [*TOOLFEED, *arguments], stdin=subprocess.PIPE, stdout=theirs, stderr=subprocess.PIPE, bufsize=0, env=env
        )
        os.close(theirs)
        self.unread = b""

    def write(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode())

    def line(self) -> str:
        """The next line, which has to be there in time."""
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.output], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"nothing came for {PATIENCE} s after {self.unread!r}"
            data = os.read(self.output, 65536)
            assert data, "the output ended"
            self.unread += data
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode()

    def event(self) -> dict[str, Any]:
        event = json.loads(self.line())
        assert isinstance(event, dict)
        return event

    def rest(self) -> str:
        """Close the input, and return what is still written."""
        assert self.process.stdin
        self.process.stdin.close()
        output = self.unread
        try:
            while data := os.read(self.output, 65536):
                output += data
        except OSError:  # a terminal without another end
            pass
        return output.decode()

    def ended(self) -> tuple[int, bytes]:
        """The exit code and what is on standard error."""
        assert self.process.stderr
        return self.process.wait(PATIENCE), self.process.stderr.read().strip()

    def close_output(self) -> None:
        if self.output >= 0:
            os.close(self.output)
        self.output = -1

    def stop(self) -> None:
        self.close_output()
        self.process.kill()
        with self.process:  # closes its pipes and waits
            pass


Start: TypeAlias = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    with contextlib.ExitStack() as stack:

        def run(*arguments: str, terminal: bool = False) -> Running:
            running = Running(*arguments, terminal=terminal)
            stack.callback(running.stop)
            return running

        yield run


class TestLive:
    def test_each_character_of_an_argument_shows_before_the_next_is_written(self, start: Start) -> None:
        running = start("parse", "--format", "hermes")
        for character in '<tool_call>\n{"name": "write", "arguments": {"text": "':
            running.write(character)
        assert running.event()["name"] == "write"
        arguments = ""
        while arguments != '{"text": "':
            arguments += running.event()["text"]
        for character in re.findall(r"\\.|.", r"Grüße, {\"x\": [1]} 🤖"):
            running.write(character)
            assert running.event() == {"type": "arguments_delta", "index": 0, "text": character}
        running.write('"}}\n</tool_call>')
        while (event := running.event())["type"] != "tool_call_end":
            assert event["type"] == "arguments_delta"
        assert event["status"] == "complete"
        assert running.rest() == ""
        assert running.ended() == (0, b"")

    def test_interrupt_ends_it_cleanly(self, start: Start) -> None:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
        try:
            running = start("parse", "--format", "hermes")
        finally:
            signal.signal(signal.SIGINT, before)
        running.write("Hello")
        assert running.event()["text"] == "Hello"
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == (130, b"")

    def test_a_closed_output_ends_it_cleanly(self, start: Start) -> None:
        running = start("parse", "--format", "hermes")
        running.close_output()
        with contextlib.suppress(BrokenPipeError):
            running.write("Hello\n")
        assert running.ended() == (0, b"")


class TestTerminal:
    def shown(self, running: Running) -> list[str]:
        """The lines on the terminal, without colours."""
        lines = CONTROL.sub("", running.rest()).splitlines()
        assert running.ended() == (0, b"")
        return [line.rstrip() for line in lines if line.strip()]

    def test_parse_shows_blocks(self, start: Start) -> None:
        running = start("parse", "-f", "hermes", terminal=True)
        running.write(f"<think>\nHm.\n</think>\n\n{TURN}")
        assert [re.sub("  call_.*", "", line) for line in self.shown(running)] == [
            "Hm.",
            "Let me check.",
            "╭─ get_weather",
            '│ {"city": "Zürich", "days": 3}',
            "╰─ ✓ complete",
        ]

    def test_formats_shows_a_table(self, start: Start) -> None:
        head, *lines = self.shown(start("formats", terminal=True))
        assert head.split() == ["format", "aliases", "models", "starts", "in"]
        assert {info.name for info in toolfeed.formats()} <= {line.split()[0] for line in lines}

    def test_detect_shows_what_was_found(self, start: Start) -> None:
        lines = self.shown(start("detect", "--model", "Qwen/Qwen3-8B", terminal=True))
        assert [line.split()[0] for line in lines[:3]] == ["format", "confidence", "reason"]
        assert [line.split()[1] for line in lines[:2]] == ["hermes", "medium"]

    def test_demo_runs_to_its_end(self, start: Start) -> None:
        lines = self.shown(start("demo", "--format", "hermes", "--speed", "100000", terminal=True))
        assert any("what the model writes" in line for line in lines)
        assert "toolfeed parse --format hermes" in lines[-1]


class TestScreen:
    def test_a_long_argument_stays_inside_its_frame(self) -> None:
        out = io.StringIO()
        screen = Screen(Console(file=out, width=40, force_terminal=True, color_system=None))
        events: list[toolfeed.Event] = [toolfeed.ToolCallStart(0, "call_0", "write")]
        arguments = '{"text": "' + "天气 x" * 30 + '"}'
        events += [toolfeed.ArgumentsDelta(0, piece) for piece in re.findall(".{1,7}", arguments)]
        for event in [*events, toolfeed.ToolCallEnd(0, "truncated", "the text ended at character 7", notes=("a", "b"))]:
            screen.show(event)
        first, *middle, last = out.getvalue().splitlines()
        assert first == "╭─ write  call_0"
        assert len(middle) > 3
        assert all(line.startswith("│ ") and cell_len(line) <= 40 for line in middle)
        assert last == "╰─ … truncated: the text ended at character 7  a b"

    @given(st.text())
    def test_no_text_moves_the_cursor(self, text: str) -> None:
        shown = visible(text)
        assert len(shown) == len(text)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", shown)

    @pytest.mark.parametrize("width", [60, 120])
    def test_formats_fit_the_terminal(
        self, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        infos = toolfeed.formats()
        show_formats(infos)
        lines = capsys.readouterr().out.splitlines()
        assert all(cell_len(line) <= width for line in lines)
        shown = re.sub(r"\s", "", "".join(lines))
        assert all(info.name in shown for info in infos)
        assert all(re.sub(r"\s", "", alias) in shown for info in infos for alias in info.aliases if width == 120)


class TestDemo:
    def test_takes_less_than_a_minute(self) -> None:
        turns = choose_turns(None)
        total = sum(len(turn.example.text) for turn in turns)
        assert total / max(60, total / demo.SECONDS) + demo.PAUSE * len(turns) < 55

    @pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.format)
    def test_scenes_read_as_they_were_written(self, scene: Scene) -> None:
        turn = scene.turn()
        message = toolfeed.parse(turn.example.text, turn.grammar, tools=turn.example.declarations())
        calls = [(call.name, call.arguments) for call in message.tool_calls]
        assert (message.content, message.reasoning) == (scene.content, scene.reasoning)
        if scene.lost:
            assert calls[:-1] == list(scene.calls[:-1])
            assert scene.calls[-1][1].startswith(calls[-1][1])
            assert message.tool_calls[-1].status == "truncated"
        else:
            assert calls == list(scene.calls)
            assert all(call.status == "complete" and not call.notes for call in message.tool_calls)

    def test_an_example_is_shown_of_any_other_format(self) -> None:
        (turn,) = choose_turns(["xlam"])
        assert turn.example in turn.grammar.examples
        assert turn.example.calls

    @pytest.mark.parametrize("width", [60, 100, 160])
    @pytest.mark.parametrize("height", [12, 50])
    def test_fits_the_terminal(self, width: int, height: int) -> None:
        for turn in choose_turns(None):
            console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
            frame = demo.Frame(console, turn, demo.titles([turn])[0])
            heights = set()
            for shown, _, _ in steps(turn):
                lines = console.render_lines(frame.draw(shown))
                heights.add(len(lines))
                assert all(sum(segment.cell_length for segment in line) <= width for line in lines)
            assert len(heights) == 1
            assert heights.pop() < height or height < 15

    def test_still_shows_every_turn(self) -> None:
        out = io.StringIO()
        turns = choose_turns(None)
        show_still(Console(file=out, width=120), turns)
        for turn in turns:
            assert turn.grammar.name in out.getvalue()

    def test_transcript_holds_the_whole_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        for turn in choose_turns(None):
            show_transcript([turn])
            head, *lines = capsys.readouterr().out.splitlines()
            assert head == f"== {turn.grammar.name}"
            pieces = [json.JSONDecoder().raw_decode(line)[0] for line in lines if line.startswith('"')]
            assert "".join(pieces) == turn.example.text
            *_, (shown, _, _) = steps(turn)
            assert len([line for line in lines if "tool_call_end" in line]) == len(shown.calls)

    def test_without_a_terminal_it_is_a_transcript(self) -> None:
        result = toolfeed_command("demo", "--format", "hermes", "--format", "mistral")
        assert result.exit_code == 0
        assert [line for line in result.stdout.splitlines() if line.startswith("==")] == ["== hermes", "== mistral"]
