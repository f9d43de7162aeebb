"""Response templates to test with: in the style of checkpoints that ship one, and one for each thing a template can
say. Each comes with the pieces of a turn in its format.

`example` is chapter D's own. `cohere`, `ernie`, `gpt_oss`, `smollm`, `qwen3` and `gemma4` are written after those that
transformers tests with, `qwen2_serve` and `qwen3_5_serve` after those that its server falls back on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from toolfeed import Grammar
from toolfeed.grammar import signature

DECLARED = [signature("get_weather(city: string, days: integer, options: object)"), signature("get_time()")]
WEATHER, TIME = '{"city": "Paris", "days": 3}', "{}"

_FUNCTION = {"type": "function", "function": {"name": "{name}", "arguments": "{content}"}}
_OBJECT = {"type": "function", "function": "{content}"}
_PARAMETER = r"<parameter=(?P<key>[^>]+)>\n(?P<value>.*?)\n</parameter>"
_DEFAULTS = {"role": "assistant"}


class Sample(NamedTuple):
    """A template and the pieces of a turn. `body`: the line that its calls stream by, "" if they are read whole.
    `prompt`: one that leaves the turn in reasoning, "" if it cannot."""

    template: dict[str, Any]
    body: str
    think: str
    calls: tuple[str, ...]
    end: str = ""
    content: str = "Let me check."
    prompt: str = ""
    only_thinking: bool = False  # a turn always begins with reasoning
    last: bool = False  # nothing but the end of the text closes a call

    def texts(self) -> Iterator[str]:
        """Whole turns, with content before, between and behind the calls."""
        think, content, end, calls = self.think, self.content, self.end, "".join(self.calls)
        first = self.calls[0]
        if not self.only_thinking:
            yield from ("", content + end, calls, first, content + calls + end)
            if not self.last:
                yield calls + content + end
                yield content + first + content + self.calls[-1] + end
        if think:
            yield from (think, think + content + end, think + calls, think + content + calls + end)
            if not self.last:
                yield think + first + content + "".join(self.calls[1:]) + content + end


@cache
def grammar(name: str) -> Grammar:
    return Grammar.from_response_template(SAMPLES[name].template, name=name)


@cache
def texts(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(SAMPLES[name].texts()))


@cache
def donors(name: str) -> tuple[str, ...]:
    """Pieces of its turns to damage others with."""
    found = {piece for text in texts(name) for piece in re.findall(r"<[^<>]*>|\[[^\[\]]*\]|```\w*|\n+|\w+:", text)}
    return (*sorted(found), *texts(name))


def _template(anchor: str | list[str], fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"start_anchor": anchor, "fields": fields, **more}


def _calls(**field: Any) -> dict[str, Any]:
    return {"repeats": True, **field}


def _joined(join: str = "", **field: Any) -> dict[str, Any]:
    return {"repeats": True, "join": join, **field}


_THINK = {"open": "<think>", "close": "</think>"}
_CHATML = "<|im_start|>assistant\n"
_TAGGED = (
    (
        "\n<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n"
        "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>"
    ),
    "\n<tool_call>\n<function=get_time>\n</function>\n</tool_call>",
)
_JSON = (
    f'\n<tool_call>\n{{"name": "get_weather", "arguments": {WEATHER}}}\n</tool_call>',
    f'\n<tool_call>{{"arguments": {TIME}, "name": "get_time"}}</tool_call>',
)

SAMPLES: dict[str, Sample] = {
    "example": Sample(
        _template(
            _CHATML,
            {
                "thinking": _THINK,
                "content": _joined(close="<|im_end|>"),
                "tool_calls": _calls(
                    open_pattern=r"<tool_call>\s*<function=(?P<name>[^>]+)>",
                    close="</tool_call>",
                    content="xml-inline",
                    content_args={"tag_pattern": _PARAMETER},
                    transform=_FUNCTION,
                ),
            },
            version=1,
            defaults=_DEFAULTS,
        ),
        "{arguments:inline}",
        "<think>\nI need the weather.\n</think>\n\n",
        _TAGGED,
        "<|im_end|>",
        prompt="<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
    ),
    "qwen2_serve": Sample(
        _template(
            _CHATML,
            {
                "reasoning_content": {**_THINK, "content": "text"},
                "tool_calls": _calls(
                    open_pattern=r"\s*<tool_call>", close="</tool_call>", content="json", transform=_OBJECT
                ),
                "content": {"close_pattern": r"\s*(?:<\|im_end\|>|<\|endoftext\|>|<\|eot_id\|>)", "content": "text"},
            },
            defaults=_DEFAULTS,
        ),
        "{call:json}",
        "<think>\nI need the weather.\n</think>\n\n",
        _JSON,
        "<|im_end|>\n<|endoftext|>",
        prompt=f"<|im_start|>user\n{_JSON[0]}<|im_end|>\n<|im_start|>assistant\n<think>\n",
    ),
    "qwen3_5_serve": Sample(
        _template(
            _CHATML,
            {
                "reasoning_content": {**_THINK, "content": "text"},
                "tool_calls": _calls(
                    open_pattern=r"\s*<tool_call>\s*<function=(?P<name>[^>\n]+)>",
                    close_pattern=r"</function>\s*</tool_call>",
                    content="xml-inline",
                    content_args={"tag_pattern": r"<parameter=(?P<key>[^>\n]+)>\s*(?P<value>.*?)\s*</parameter>"},
                    transform=_FUNCTION,
                ),
                "content": {"close_pattern": r"\s*(?:<\|im_end\|>|<\|endoftext\|>)", "content": "text"},
            },
            defaults=_DEFAULTS,
        ),
        "{arguments:inline}",
        "<think>\nI need the weather.\n</think>\n\n",
        _TAGGED,
        "<|im_end|>\n<|endoftext|>",
        prompt=f"{_CHATML}<think>\n",
    ),
    "qwen3": Sample(
        _template(
            _CHATML,
            {
                "thinking": {**_THINK, "content": "text"},
                "tool_calls": _calls(
                    open_pattern=r"<tool_call>\s*<function=(?P<name>\w+)>",
                    close="</tool_call>",
                    content="xml-inline",
                    content_args={
                        "tag_pattern": r"<parameter=(?P<key>\w+)>\s*(?P<value>.*?)\s*</parameter>",
                        "value_parser": {"name": "json", "args": {"allow_non_json": True}},
                    },
                    transform=_FUNCTION,
                ),
            },
        ),
        "{arguments:inline}",
        "<think>\nI need the weather.\n</think>\n\n",
        (
            *_TAGGED,
            (
                '<tool_call><function=f><parameter=a>\n{"b": [1, true]}\n</parameter><parameter=c>1.50</parameter>'
                '<parameter=d>"x\\"y"</parameter><parameter=e>plain  text</parameter><parameter=f></parameter>'
                "</function></tool_call>"
            ),
        ),
        prompt=f"{_CHATML}<think>\n",
    ),
    "smollm": Sample(
        _template(
            _CHATML,
            {
                "thinking": {**_THINK, "content": "text"},
                "tool_calls": _calls(open="<tool_call>", close="</tool_call>", content="json", transform=_OBJECT),
                "content": {"close": "<|im_end|>", "content": "text"},
            },
            defaults=_DEFAULTS,
        ),
        "{call:json}",
        "<think>\nI need the weather.\n</think>\n\n",
        _JSON,
        "<|im_end|>",
        prompt=f"{_CHATML}<think>\n",
    ),
    "gemma4": Sample(
        _template(
            ["<|turn>model\n", "<tool_response|>"],
            {
                "thinking": {"open": "<|channel>thought\n", "close": "<channel|>"},
                "tool_calls": _calls(
                    open_pattern=r"<\|tool_call>call:(?P<name>\w+)",
                    close="<tool_call|>",
                    content="json",
                    content_args={"unquoted_keys": True, "string_delims": [['<|"|>', '<|"|>']]},
                    transform=_FUNCTION,
                ),
                "content": {"close": ["<turn|>", "<|tool_response>", "<eos>"]},
            },
        ),
        "{arguments:object}",
        "<|channel>thought\nI need the weather.\n<channel|>",
        (
            '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>,days:3}<tool_call|>',
            "<|tool_call>call:get_time{}<tool_call|>",
            '<|tool_call>call:f{a:{b:[1,true,null],"c":"d"},e:<|"|>say "hi", \\n: {x:1}<|"|>}<tool_call|>',
        ),
        "<turn|>",
        prompt="<|turn>model\n<|tool_call>call:f{}<tool_call|><tool_response|><|channel>thought\n",
    ),
    "cohere": Sample(
        _template(
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
            {
                "content": {"open": "<|START_RESPONSE|>", "close": "<|END_RESPONSE|>"},
                "thinking": {"open": "<|START_THINKING|>", "close": "<|END_THINKING|>"},
                "tool_calls": {
                    "open": "<|START_ACTION|>",
                    "close": "<|END_ACTION|>",
                    "content": "json",
                    "transform_each": True,
                    "transform": {"type": "function", "function": {"name": "{tool_name}", "arguments": "{parameters}"}},
                },
            },
        ),
        "[{calls:json}]",
        "<|START_THINKING|>I need the weather.<|END_THINKING|>",
        (
            '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "get_weather", "parameters": '
            + WEATHER
            + '},\n    {"tool_call_id": "1", "tool_name": "get_time", "parameters": {}}\n]<|END_ACTION|>',
        ),
        content="<|START_RESPONSE|>Let me check.<|END_RESPONSE|>",
        prompt="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_THINKING|>",
    ),
    "ernie": Sample(
        _template(
            "Assistant:",
            {
                "thinking": {"open_pattern": r"(?:^|<think>\s*)", "close": "</think>"},
                "content": {"open": "<response>\n", "close_pattern": r"\n?</response>"},
                "tool_calls": _calls(open="<tool_call>", close="</tool_call>", content="json", transform=_OBJECT),
            },
        ),
        "{call:json}",
        "I need the weather.\n</think>\n\n",
        tuple(call + "\n" for call in _JSON),
        content="<response>\nLet me check.\n</response>\n",
        only_thinking=True,
    ),
    "gpt_oss": Sample(
        _template(
            "<|start|>assistant",
            {
                "thinking": {"open": "<|channel|>analysis<|message|>", "close": "<|end|>"},
                "content": {"open": "<|channel|>final<|message|>", "close": ["<|end|>", "<|return|>"]},
                "tool_calls": _calls(
                    open_pattern=r"<\|channel\|>commentary to=functions\.(?P<name>\w+).*?<\|message\|>",
                    close="<|call|>",
                    content="json",
                    transform=_FUNCTION,
                ),
            },
        ),
        "{arguments:json}",
        "<|channel|>analysis<|message|>I need the weather.<|end|><|start|>assistant",
        (
            f"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{WEATHER}<|call|>",
            f"<|start|>assistant<|channel|>commentary to=functions.get_time<|message|>{TIME}<|call|>",
        ),
        content="<|channel|>final<|message|>Let me check.<|end|>",
        prompt="<|start|>user<|message|>Hi<|end|><|start|>assistant<|channel|>analysis<|message|>",
    ),
    "kimi": Sample(
        _template(
            "<|im_assistant|>assistant<|im_middle|>",
            {
                "thinking": _THINK,
                "content": _joined(close_pattern=r"<\|tool_calls_section_(?:begin|end)\|>|<\|im_end\|>"),
                "tool_calls": _calls(
                    open_pattern=r"<\|tool_call_begin\|>(?P<id>functions\.(?P<name>[\w.\-]+):\d+)\s*"
                    r"<\|tool_call_argument_begin\|>",
                    close="<|tool_call_end|>",
                    content="json",
                    transform={**_FUNCTION, "id": "{id}"},
                ),
            },
        ),
        "{arguments:json}",
        "<think>I need the weather.</think>",
        (
            (
                "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
                f"{WEATHER}<|tool_call_end|>"
            ),
            (
                f"<|tool_call_begin|>functions.get_time:1<|tool_call_argument_begin|>{TIME}<|tool_call_end|>"
                "<|tool_calls_section_end|>"
            ),
        ),
        "<|im_end|>",
        prompt="<|im_assistant|>assistant<|im_middle|><think>",
    ),
    "deepseek": Sample(
        _template(
            "<｜Assistant｜>",
            {
                "thinking": _THINK,
                "content": _joined(close=["<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜end▁of▁sentence｜>"]),
                "tool_calls": _calls(
                    open_pattern="<｜tool▁call▁begin｜>function<｜tool▁sep｜>(?P<name>[^\\n]+)\\n```json\\n",
                    close_pattern=r"\n```<｜tool▁call▁end｜>",
                    content="json",
                    transform=_FUNCTION,
                ),
            },
        ),
        "{arguments:json}",
        "<think>I need the weather.</think>",
        (
            (
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
                f"{WEATHER}\n```<｜tool▁call▁end｜>"
            ),
            (
                f"\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{TIME}\n```<｜tool▁call▁end｜>"
                "<｜tool▁calls▁end｜>"
            ),
        ),
        "<｜end▁of▁sentence｜>",
        prompt="<｜User｜>Hi<｜Assistant｜><think>",
    ),
    "glm": Sample(
        _template(
            "<|assistant|>",
            {
                "reasoning_content": _THINK,
                "content": _joined(),
                "tool_calls": _calls(
                    open_pattern=r"<tool_call>(?P<name>[^\n<]+)\n?",
                    close="</tool_call>",
                    content="xml-inline",
                    content_args={
                        "tag_pattern": r"<arg_key>(?P<key>[^<]+)</arg_key>\s*<arg_value>(?P<value>.*?)</arg_value>"
                    },
                    transform=_FUNCTION,
                ),
            },
        ),
        "{arguments:inline}",
        "\n<think>I need the weather.</think>\n",
        (
            (
                "\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n"
                "<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>"
            ),
            "\n<tool_call>get_time\n</tool_call>",
        ),
        prompt="<|assistant|>\n<think>",
    ),
    "a_closer_ahead": Sample(
        _template(
            "A:",
            {
                "content": _joined(),
                "tool_calls": _calls(
                    open_pattern=r"<call (?P<name>\w+)>",
                    close="</call>",
                    content="xml-inline",
                    content_args={"tag_pattern": r"<arg (?P<key>\w+)>(?P<value>.*?)(?=</arg>)"},
                    transform=_FUNCTION,
                ),
            },
        ),
        "{arguments:inline}",
        "",
        ("\n<call get_weather><arg city>Paris</arg><arg days>3</arg></call>", "<call get_time></call>"),
    ),
    "the_next_tag_ahead": Sample(
        _template(
            "A:",
            {
                "content": _joined(),
                "tool_calls": _calls(
                    open_pattern=r"<call (?P<name>\w+)>",
                    close="</call>",
                    content="xml-inline",
                    content_args={"tag_pattern": r"<arg (?P<key>\w+)>\s*(?P<value>.*?)\s*(?=<arg |\Z)"},
                    transform=_FUNCTION,
                ),
            },
        ),
        "",
        "",
        ("\n<call get_weather><arg city>Paris\n<arg days>3\n</call>", "<call get_time></call>"),
    ),
    "tags_of_their_own": Sample(
        _template(
            "A:",
            {
                "content": _joined(content_args={"strip": False}),
                "tool_calls": _calls(
                    open_pattern=r"<call (?P<name>\w+)>",
                    close="</call>",
                    content="xml-inline",
                    content_args={"tag_pattern": r"<(?P<key>\w+)>(?P<value>.*?)</\w+>", "merge_duplicates": True},
                    transform=_FUNCTION,
                ),
            },
        ),
        "",
        "",
        (
            "\n<call get_weather><city>Paris</city><city>Rome</city><days>3</days><days>4</days></call>",
            "<call get_time>nothing</call>",
        ),
        content="  Let me check. ",
    ),
    "lines": Sample(
        _template(
            "A:",
            {
                "thinking": {"open": "[THINK]", "close": "[/THINK]"},
                "content": _joined(" | "),
                "tool_calls": _calls(
                    open_pattern=r"\[CALL (?P<name>\w+)\]\n", close="[/CALL]", content="kv-lines", transform=_FUNCTION
                ),
            },
        ),
        "",
        "[THINK]I need the weather.[/THINK]",
        (
            "\n[CALL get_weather]\ncity: Paris: Nord\n\n  days :3\nno separator\n[/CALL]",
            "[CALL get_time]\n[/CALL]",
        ),
        prompt="A:[THINK]",
    ),
    "keys_of_its_own": Sample(
        _template(
            "A:",
            {
                "content": _joined(),
                "tool_calls": _calls(
                    open="<json>",
                    close="</json>",
                    content="json",
                    content_args={"allow_non_json": True},
                    transform={"function": {"name": "{content.tool}", "arguments": "{content.input}"}},
                ),
            },
        ),
        "{call:json}",
        "",
        (
            f'\n<json>{{"tool": "get_weather", "input": {WEATHER}}}</json>',
            '<json>{"input": {}, "tool": "get_time"}</json>',
        ),
    ),
    "deep_keys": Sample(
        _template(
            "A:",
            {
                "content": _joined(),
                "tool_calls": _calls(
                    open="<json>",
                    close_pattern=r"</json>(?=\s|$)",
                    content="json",
                    transform={"function": {"name": "{content.call.name}", "arguments": "{content.call.args}"}},
                ),
            },
        ),
        "",
        "",
        (
            f'\n<json>{{"call": {{"name": "get_weather", "args": {WEATHER}}}}}</json>\n',
            '<json>{"call": {"args": {}, "name": "get_time"}}</json>\n',
        ),
    ),
    "code": Sample(
        _template(
            "A:",
            {
                "content": _joined("\n"),
                "tool_calls": _calls(
                    open="```python\n",
                    close="\n```",
                    content="text",
                    content_args={"strip": False},
                    transform={"type": "function", "function": {"name": "python", "arguments": {"code": "{content}"}}},
                ),
            },
        ),
        "",
        "",
        ('\n```python\nprint("hi")\n  x = 1\n```\n', "```python\n1\n```"),
    ),
    "python": Sample(
        _template(
            "A:",
            {
                "content": _joined(),
                "tool_calls": {
                    "open": "<|tool_call_start|>",
                    "close": "<|tool_call_end|>",
                    "content": "python-call-list",
                    "transform_each": True,
                    "transform": {"function": {"name": "{name}", "arguments": "{arguments}"}},
                },
            },
        ),
        "[{calls:python}]",
        "",
        ('<|tool_call_start|>[get_weather(city="Paris", days=3), get_time()]<|tool_call_end|>',),
    ),
    "object_notation": Sample(
        _template(
            "A:",
            {
                "content": _joined(),
                "tool_calls": _calls(
                    open_pattern=r"<call (?P<name>\w+)>",
                    close="</call>",
                    content="json",
                    content_args={"unquoted_keys": True, "string_delims": [["«", "»"]]},
                    transform=_FUNCTION,
                ),
            },
        ),
        "",
        "",
        ('\n<call get_weather>{city: «Pa"ris», days : 3, "q": "a, b: c"}</call>', "<call get_time>{}</call>"),
    ),
    "to_the_end": Sample(
        _template(
            "A:",
            {
                "content": {},
                "tool_calls": {
                    "open": "[TOOL_CALLS]",
                    "content": "json",
                    "transform_each": True,
                    "transform": {"function": {"name": "{name}", "arguments": "{arguments}"}},
                },
            },
        ),
        "[{calls:json}]",
        "",
        (
            (
                f'[TOOL_CALLS][{{"name": "get_weather", "arguments": {WEATHER}}}, '
                '{"name": "get_time", "arguments": {}}]'
            ),
        ),
        last=True,
    ),
    "whitespace": Sample(
        _template(
            "A:",
            {
                "thinking": {"open": "\nTHINK\n", "close": "\nEND\n"},
                "content": _joined(close="\n--\n"),
                "tool_calls": _calls(open="\nCALL ", close="\n\n", content="json", transform=_OBJECT),
            },
        ),
        "",
        "\nTHINK\nI need the weather.\nEND\n",
        (
            f'\nCALL {{"name": "get_weather", "arguments": {WEATHER}}}\n\n',
            f'\nCALL {{"name": "get_time", "arguments": {TIME}}}\n\n',
        ),
        "\n--\n",
    ),
    "looking_around": Sample(
        _template(
            "A:",
            {
                "thinking": {"open_pattern": r"(?m)^THINK:", "close_pattern": r"(?<=\.)\n"},
                "content": _joined(),
                "tool_calls": _calls(
                    open_pattern=r"\bcall (?P<name>\w+)\b",
                    close_pattern=r"$|(?=\ncall)",
                    content="kv-lines",
                    content_args={"kv_sep": "="},
                    transform={"function": {"name": "{name}", "arguments": "{content}"}},
                ),
            },
        ),
        "",
        "THINK: I need the weather.\n",
        ("call get_weather\ncity=Paris\ndays=3", "\ncall get_time\n"),
        content="Let me check. ",
    ),
    "implicit_reasoning": Sample(
        _template(
            "A:",
            {
                "thinking": _joined("\n\n"),
                "content": _joined("", open="<answer>", close="</answer>"),
                "mood": {"open": "<mood>", "close": "</mood>", "content": "float"},
                "tool_calls": _calls(open="<tool_call>", close="</tool_call>", content="json", transform=_OBJECT),
            },
        ),
        "{call:json}",
        "I need the weather.\n",
        tuple(call.strip() for call in _JSON),
        content="<answer>Let me check.</answer><mood>0.5</mood>",
    ),
}
