"""The programs in examples/, each over HTTP against `toolfeed serve --replay`."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2 as httpx
import openai
import pytest

from serving import PATIENCE, running, weather_tool

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SERVE = [sys.executable, "-c", "from toolfeed.cli import main; main()", "serve", "--port", "0"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the command serves the scripted model, a hundred and fifty characters a second."""
    options = ["--replay", str(EXAMPLES / "turns"), "--speed", "150"]
    with subprocess.Popen([*SERVE, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            yield found.group()
        finally:
            process.terminate()


def run(program: str, *arguments: str) -> list[str]:
    """The lines that a program prints."""
    command = [sys.executable, str(EXAMPLES / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_usual_loop(url: str) -> None:
    assert run("openai_loop.py", url) == [
        "Let me check.",
        "get_weather({'city': 'Lisbon'}) as functions.get_weather:0",
        "Here is what I found: Lisbon: 21 degrees",
    ]


def test_a_client_with_parallel_calls(url: str) -> None:
    lines = run("xlam_client.py", url)
    results = [line.removeprefix("  result    ") for line in lines if line.startswith("  result")]
    assert results == [
        'get_weather {"city": "Berlin", "degrees": 18}',
        'get_weather {"city": "Paris", "degrees": 15}',
        'convert_currency "90.00 EUR"',
    ]
    answers = [line for line in lines if line.startswith("< ")]
    assert answers[0] == f"< Here is what I found: {'; '.join(result.split(' ', 1)[1] for result in results[:2])}"
    assert answers[1] == '< Here is what I found: "90.00 EUR"'
    assert [line.split()[-1] for line in lines if line.startswith("  finished")] == [
        *("tool_calls", "stop", "tool_calls", "stop"),
        "stop",
    ]
    # The arguments come in pieces, those of the first call before those of the second.
    pieces = [line.split()[1] for line in lines if line.startswith("  call")]
    assert pieces.count("0") > 4
    assert pieces.count("1") > 2


def test_text_appears_while_a_slow_tool_runs(url: str) -> None:
    lines = [line.split(" ", 2) for line in run("pipeline.py", url)]
    told = [(float(at), what.strip(), text.strip()) for at, what, text in lines]
    (called,) = [at for at, what, _ in told if what == "call"]
    (done,) = [at for at, what, _ in told if what == "result"]
    meanwhile = [at for at, what, _ in told if what == "text" and called < at < done]
    assert done - called > 0.4
    assert len(meanwhile) > 5
    assert meanwhile[-1] - meanwhile[0] > 0.15  # one after the other while the tool sleeps, not when it wakes
    assert any(at > done for at, what, _ in told if what == "text")
    assert "wherever" in [text.strip("' ") for _, what, text in told if what == "text"]
    assert told[-1][1] == "text"


def check_chunks(chunks: list[dict[str, Any]]) -> None:
    *pieces, last = chunks
    assert last["finished"]
    assert not any("finished" in piece or "response" in piece for piece in pieces)
    text = "".join(piece.get("text", "") for piece in pieces)
    assert text == last["response"]["text"]
    assert [piece["tool_call"] for piece in pieces if "tool_call" in piece] == ["get_weather", "get_time"]
    results = {
        piece["tool_result"]["name"]: piece["tool_result"]["content"] for piece in pieces if "tool_result" in piece
    }
    assert results == {"get_weather": "Oslo: 21 degrees", "get_time": "12:00 UTC"}
    messages = last["response"]["messages"]
    assert [message["role"] for message in messages] == ["assistant", "tool", "tool", "assistant"]
    assert messages[-1]["content"] == "Here is what I found: Oslo: 21 degrees; 12:00 UTC"


def test_an_agent_in_chunks(url: str) -> None:
    lines = run("agent.py", url)
    for way in ("sync", "async"):
        check_chunks([json.loads(line.split(None, 1)[1]) for line in lines if line.split()[0] == way])


def test_an_agent_behind_a_web_endpoint(url: str) -> None:
    agent = loaded("agent")
    app = agent.endpoint(agent.Agent(url, agent.Dispatcher([agent.get_weather, agent.get_time])))
    with running(app) as endpoint:
        question = {"q": "What is the weather in Oslo, and the time?"}
        answer = httpx.get(endpoint, params=question, timeout=PATIENCE)
    check_chunks([json.loads(line[6:]) for line in answer.text.split("\n\n") if line])


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_tool_agents(url: str) -> None:
    """The package ToolAgents, as it is, pointed at the server; it is large, and only run where it is installed."""
    if importlib.util.find_spec("ToolAgents") is None:
        pytest.skip("pip install 'toolfeed[toolagents]'")
    answer = "Here is what I found: Oslo: 21 degrees"
    lines = [line for line in run("tool_agents.py", url) if not line.startswith("chunk")]
    assert lines == [
        f"whole: {answer}",
        f"async: {answer}",
        "tool result get_weather: Oslo: 21 degrees",
        f"response: {answer}",
    ]


def python_of(page: str, heading: str) -> str:
    """The first block of Python under a heading of a page in docs/."""
    text = (EXAMPLES.parent / "docs" / page).read_text(encoding="utf-8")
    _, _, rest = text.partition(f"## {heading}\n")
    assert rest, heading
    return rest.partition("```python\n")[2].partition("```")[0]


def test_the_server_in_twenty_lines() -> None:
    """The code in docs/serving.md, as it stands there, and a client."""

    async def engine(body: dict[str, Any]) -> AsyncIterator[str]:
        for piece in (
            "Let me ",
            'see.\n<tool_call>\n{"name": "get_weather", "argu',
            'ments": {"city": "Oslo"}}\n</tool_call>',
        ):
            yield piece

    code = python_of("serving.md", "In a Python server")
    assert len(code.splitlines()) <= 24
    names: dict[str, Any] = {"engine": engine}
    exec(compile(code, "docs/serving.md", "exec"), names)
    with running(names["app"]) as url, openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        messages: Any = [{"role": "user", "content": "Hi"}]
        tools: Any = [weather_tool()]
        with client.chat.completions.stream(model="m", messages=messages, tools=tools) as stream:
            choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me see."
    assert [call.function.arguments for call in choice.message.tool_calls or ()] == ['{"city": "Oslo"}']


def test_a_turn_in_a_dozen_lines() -> None:
    """The code in docs/serving.md, as it stands there, with a model that calls once."""
    asked: list[Any] = []

    async def model(messages: list[Any], tools: list[Any]) -> AsyncIterator[str]:
        asked.append(list(messages))
        yield "It is so." if len(messages) > 1 else '<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}'

    names: dict[str, Any] = {"model": model}
    exec(compile(python_of("serving.md", "Tools that run while text flows"), "docs/serving.md", "exec"), names)
    asyncio.run(names["answer"]([{"role": "user", "content": "Hi"}]))
    assert [message["role"] for message in asked[1]] == ["user", "assistant", "tool"]
    assert "Oslo" in asked[1][-1]["content"]
