"""Findings and counts as text."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from .laws import BY_KEY
from .loop import Finding, Run
from .reading import counted

_EXAMPLE_OPTIONS = ("tools", "start", "prompt", "repair", "tool_choice")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")
_HALF = re.compile("[\ud800-\udfff]")


def toml(text: str) -> str:
    """A string as TOML writes it. Half characters, which TOML has not, become U+FFFD."""
    for char, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(char, escape)
    text = _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return '"' + _HALF.sub("\ufffd", text) + '"'


def entry(finding: Finding) -> str:
    """A finding as an entry of a grammar's `[[examples]]`, with what fuzzing cannot know left to fill in."""
    case = finding.case
    title = BY_KEY[finding.law].title if finding.law in BY_KEY else finding.law
    lines = [f"# Law {finding.law}, {title}: {_comment(finding.message)}"]
    cuts = "" if finding.cuts is None else f"; cut at {', '.join(map(str, finding.cuts)) or 'nothing'}"
    source = shlex.quote(finding.source or finding.format)
    lines.append(f"# Found in {case.kind!r}; replay: toolfeed fuzz {source} --seed {finding.seed}{cuts}")
    others = {name: value for name, value in case.options.items() if name not in _EXAMPLE_OPTIONS}
    if others:
        lines.append(f"# Read with {', '.join(f'{name}={value!r}' for name, value in others.items())}")
    if _HALF.search(case.text):
        lines.append(f"# TOML has no half characters; the text is {case.text!r}")
    lines += [
        "[[examples]]",
        f'case      = "found by fuzzing: {title[:1].lower()}{title[1:]}"',
        f"text      = {toml(case.text)}",
    ]
    tools = case.options.get("tools")
    if tools is not None:
        lines.append(f"tools     = {toml(json.dumps(tools, ensure_ascii=False))}")
    for name in ("start", "prompt"):
        if case.options.get(name) is not None:
            lines.append(f"{name:9} = {toml(case.options[name])}")
    if case.options.get("repair"):
        lines.append("repair    = true")
    choice: Any = case.options.get("tool_choice", "auto")
    if not isinstance(choice, str):
        lines.append(f"chosen    = {toml(str(choice['function']['name']))}")
    if case.finish is not None:
        lines.append(f"finish    = {toml(case.finish)}")
    meaning = case.meaning
    if meaning is None:
        lines.append("# What the text means is for you to say: content, reasoning, calls.")
        return "\n".join(lines)
    lines += [f"content   = {toml(meaning.content)}", f"reasoning = {toml(meaning.reasoning)}"]
    calls = [f"{{ name = {toml(name)}, arguments = {toml(arguments)} }}" for name, arguments, _ in meaning.calls]
    lines.append(f"calls     = [{', '.join(calls)}]")
    return "\n".join(lines)


def _comment(text: str) -> str:
    return _CONTROL.sub("\ufffd", text.replace("\n", " ").encode("utf-8", "replace").decode())


def counts(run: Run) -> list[tuple[str, str, int, int, int]]:
    """For each law: its key, title, on how many cases it was looked at, texts parsed for it, findings."""
    found = {law.key: sum(finding.law == law.key for finding in run.findings) for law in run.laws}
    return [
        (law.key, law.title, run.counts[law.key].cases, run.counts[law.key].parses, found[law.key]) for law in run.laws
    ]


def unjudged(run: Run) -> list[str]:
    """A line for each law that was not judged for a format, and why."""
    keys = {law.key for law in run.laws}
    return [
        f"{own.name}: law {key} is not judged: {why}"
        for own in run.formats
        for key, why in own.unjudged.items()
        if key in keys
    ]


def verdict(run: Run) -> str:
    """One sentence. What no case was looked at for is no law that holds."""
    formats = f"{len(run.formats)} formats" if len(run.formats) != 1 else run.formats[0].name
    done = f"{formats}: {counted(run.cases, 'case')}, {counted(run.parses, 'parse')} in {run.seconds:.0f} s"
    if not run.findings:
        unseen = [law.key for law in run.laws if not run.counts[law.key].cases]
        if len(unseen) == len(run.laws):
            return f"{done}; no law was looked at"
        if unseen:
            return f"{done}; nothing was found, and not looked at: law {', '.join(unseen)}"
        return f"{done}; no law was broken"
    broken = sorted({finding.law for finding in run.findings}, key=lambda key: (len(key), key))
    more = f" (and {run.repeated} more like them)" if run.repeated else ""
    return f"{done}; {counted(len(run.findings), 'finding')}{more}, of law {', '.join(broken)}"
