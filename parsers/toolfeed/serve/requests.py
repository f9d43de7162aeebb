"""Reads the requests of four protocols into one. What is no such request raises RequestError, with the place in it."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from .shapes import Json, is_list, is_object
from .source import Request

MAX_MODEL: Final = 512  # characters of a model's name, which is looked at, and kept


class RequestError(Exception):
    """A request that cannot be read: `message` is for the client."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.message = message
        self.status = status
        super().__init__(message)


def read_body(body: bytes | bytearray) -> Json:
    """The JSON object that a body is."""
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise RequestError(f"the body is no JSON that can be read: {error}") from None
    return _object(found, "the body")


# -- OpenAI ------------------------------------------------------------------------------------------------------------

# What is not passed on as it is.
_CHAT_KEYS: Final = frozenset(
    (
        *("model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream", "stream_options"),
        *("n", "logprobs", "top_logprobs", "store"),
    )
)


def openai_chat(body: Json) -> Request:
    """A request for a chat completion."""
    if body.get("n") not in (None, 1):
        raise RequestError("n must be 1: there is one choice")
    if body.get("logprobs"):
        raise RequestError("logprobs are not supported")
    stream_options = _object(body.get("stream_options") or {}, "stream_options")
    messages = [_object(message, f"messages[{i}]") for i, message in enumerate(_list(body, "messages"))]
    for i, message in enumerate(messages):
        _text(message, "role", f"messages[{i}].")
    options = {key: value for key, value in body.items() if key not in _CHAT_KEYS and value is not None}
    if "max_completion_tokens" in options:
        options["max_tokens"] = options.pop("max_completion_tokens")
    return Request(
        model=_model(body),
        messages=messages,
        tools=_tools(body),
        tool_choice=_chat_choice(body.get("tool_choice")),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        stream=_flag(body, "stream"),
        include_usage=_flag(stream_options, "include_usage"),
        options=_checked(options),
    )


def _chat_choice(choice: Any) -> str | Json:
    if choice is None:
        return "auto"
    if isinstance(choice, str):
        if choice not in ("auto", "none", "required"):
            raise RequestError(f"tool_choice is {choice!r}; it must be auto, none, required or a function")
        return choice
    choice = _object(choice, "tool_choice")
    function = choice.get("function", choice)  # in Responses the name stands beside the type
    if choice.get("type") != "function":
        raise RequestError(f"tool_choice of type {choice.get('type')!r} is not supported; name a function")
    return _named(_text(_object(function, "tool_choice.function"), "name", "tool_choice."))


_RESPONSES_OPTIONS: Final = {
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "user": "user",
    "seed": "seed",
    "stop": "stop",
}


def openai_responses(body: Json) -> Request:
    """A request for a response. There is no store: a conversation is sent whole."""
    for key in ("previous_response_id", "conversation", "prompt"):
        if body.get(key) is not None:
            raise RequestError(f"{key} is not supported: nothing is stored; send the whole conversation as input")
    if body.get("background"):
        raise RequestError("background is not supported")
    options = {theirs: body[ours] for ours, theirs in _RESPONSES_OPTIONS.items() if body.get(ours) is not None}
    effort = _object(body.get("reasoning") or {}, "reasoning").get("effort")
    if effort is not None:
        options["reasoning_effort"] = effort
    wanted = _object(_object(body.get("text") or {}, "text").get("format") or {}, "text.format")
    if wanted.get("type") == "json_schema":
        schema = {key: value for key, value in wanted.items() if key != "type"}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif wanted.get("type") == "json_object":
        options["response_format"] = wanted
    return Request(
        model=_model(body),
        messages=_responses_messages(body),
        tools=_tools(body),
        tool_choice=_chat_choice(body.get("tool_choice")),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        stream=_flag(body, "stream"),
        include_usage=True,
        options=_checked(options),
    )


def _responses_messages(body: Json) -> list[Json]:
    messages: list[Json] = []
    if body.get("instructions") is not None:
        messages.append({"role": "system", "content": _text(body, "instructions")})
    entry = body.get("input")
    if isinstance(entry, str):
        return [*messages, {"role": "user", "content": entry}]
    for i, element in enumerate(_list(body, "input")):
        where = f"input[{i}]"
        item = _object(element, where)
        match item.get("type", "message"):
            case "message":
                role = _text(item, "role", f"{where}.")
                content = _parts(item.get("content"), f"{where}.content")
                messages.append({"role": "system" if role == "developer" else role, "content": content})
            case "function_call":
                call = _call(_text(item, "call_id", f"{where}."), _text(item, "name", f"{where}."), item)
                _assistant(messages).setdefault("tool_calls", []).append(call)
            case "function_call_output":
                content = _parts(item.get("output"), f"{where}.output")
                call_id = _text(item, "call_id", f"{where}.")
                messages.append({"role": "tool", "tool_call_id": call_id, "content": content})
            case "reasoning":
                parts = _list(item, "content", f"{where}.") if item.get("content") else []
                pieces = [_text(_object(part, where), "text", f"{where}.", empty=True) for part in parts]
                messages.append({"role": "assistant", "content": "", "reasoning_content": "".join(pieces)})
            case kind:
                raise RequestError(f"{where} is of type {kind!r}, which is not supported")
    return messages


# -- Anthropic ---------------------------------------------------------------------------------------------------------

_ANTHROPIC_OPTIONS: Final = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
}
_ANTHROPIC_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}


def anthropic(body: Json) -> Request:
    """A request for a message."""
    messages: list[Json] = []
    if body.get("system"):
        messages.append({"role": "system", "content": _parts(body["system"], "system")})
    for i, element in enumerate(_list(body, "messages")):
        _anthropic_message(_object(element, f"messages[{i}]"), f"messages[{i}]", messages)
    choice = _object(body.get("tool_choice") or {"type": "auto"}, "tool_choice")
    kind = choice.get("type")
    if kind == "tool":
        tool_choice: str | Json = _named(_text(choice, "name", "tool_choice."))
    elif isinstance(kind, str) and kind in _ANTHROPIC_CHOICES:
        tool_choice = _ANTHROPIC_CHOICES[kind]
    else:
        raise RequestError(f"tool_choice of type {kind!r} is not supported; it must be auto, any, tool or none")
    options = {theirs: body[ours] for ours, theirs in _ANTHROPIC_OPTIONS.items() if body.get(ours) is not None}
    return Request(
        model=_model(body),
        messages=messages,
        tools=_tools(body),
        tool_choice=tool_choice,
        parallel_tool_calls=choice.get("disable_parallel_tool_use") is not True,
        stream=_flag(body, "stream"),
        include_usage=True,
        options=_checked(options),
    )


def _anthropic_message(message: Json, where: str, messages: list[Json]) -> None:
    """One of Anthropic's messages as those that it is in chat completions: results of tools are messages there."""
    role = _text(message, "role", f"{where}.")
    content = message.get("content")
    if isinstance(content, str):
        messages.append({"role": role, "content": content})
        return
    told: Json = {"role": role, "content": ""}
    kept: list[Any] = []
    for i, element in enumerate(_list(message, "content", f"{where}.")):
        place = f"{where}.content[{i}]"
        block = _object(element, place)
        match block.get("type"):
            case "tool_use":
                call = _call(
                    _text(block, "id", f"{place}."),
                    _text(block, "name", f"{place}."),
                    {"arguments": json.dumps(block.get("input") or {}, ensure_ascii=False)},
                )
                told.setdefault("tool_calls", []).append(call)
            case "tool_result":
                result = _parts(block.get("content") or "", f"{place}.content")
                call_id = _text(block, "tool_use_id", f"{place}.")
                messages.append({"role": "tool", "tool_call_id": call_id, "content": result})
            case "thinking":
                told["reasoning_content"] = told.get("reasoning_content", "") + str(block.get("thinking", ""))
            case "redacted_thinking":
                pass
            case _:
                kept.append(block)
    told["content"] = _parts(kept, f"{where}.content")
    if kept or len(told) > 2 or not is_list(content):
        messages.append(told)


# -- Ollama ------------------------------------------------------------------------------------------------------------

_OLLAMA_OPTIONS: Final = {
    "num_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "stop": "stop",
    "repeat_penalty": "repetition_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}


def ollama(body: Json) -> Request:
    """A request for a chat. Ollama's calls have no ids; each result belongs to the first call that has none yet."""
    given = _object(body.get("options") or {}, "options")
    options = {theirs: given[ours] for ours, theirs in _OLLAMA_OPTIONS.items() if given.get(ours) is not None}
    if options.get("max_tokens", 1) == -1:  # as much as the model likes
        del options["max_tokens"]
    wanted = body.get("format")
    if wanted == "json":
        options["response_format"] = {"type": "json_object"}
    elif is_object(wanted):
        options["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted}}
    messages: list[Json] = []
    waiting: list[str] = []
    for i, element in enumerate(_list(body, "messages")):
        where = f"messages[{i}]"
        message = _object(element, where)
        told: Json = {"role": _text(message, "role", f"{where}."), "content": message.get("content") or ""}
        if message.get("images"):
            urls = [f"data:image/png;base64,{image}" for image in _list(message, "images", f"{where}.")]
            pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
            told["content"] = [{"type": "text", "text": told["content"]}, *pictures]
        if message.get("thinking"):
            told["reasoning_content"] = message["thinking"]
        calls = _list(message, "tool_calls", f"{where}.") if message.get("tool_calls") else []
        for n, entry in enumerate(calls):
            place = f"{where}.tool_calls[{n}]"
            function = _object(_object(entry, place).get("function"), f"{place}.function")
            arguments = json.dumps(_object(function.get("arguments") or {}, place), ensure_ascii=False)
            waiting.append(f"call_{i}_{n}")
            call = _call(waiting[-1], _text(function, "name", f"{place}."), {"arguments": arguments})
            told.setdefault("tool_calls", []).append(call)
        if told["role"] == "tool":
            told["tool_call_id"] = waiting.pop(0) if waiting else f"call_{i}"
        messages.append(told)
    return Request(
        model=_model(body),
        messages=messages,
        tools=_tools(body),
        stream=body.get("stream") is not False,
        include_usage=True,
        options=_checked(options),
    )


# -- what they share ---------------------------------------------------------------------------------------------------


def _model(body: Json) -> str:
    model = _text(body, "model")
    if len(model) > MAX_MODEL:
        raise RequestError(f"model is longer than {MAX_MODEL} characters")
    return model


def _tools(body: Json) -> list[Json] | None:
    """The tools in the shape of chat completions. Tools that a provider runs itself are none that a model can call."""
    if body.get("tools") is None:
        return None
    tools: list[Json] = []
    for i, element in enumerate(_list(body, "tools")):
        where = f"tools[{i}]"
        tool = _object(element, where)
        kind = tool.get("type") or "function"
        if kind not in ("function", "custom") or (kind == "custom" and "input_schema" not in tool):
            raise RequestError(f"{where} is of type {kind!r}; only functions are supported")
        function = _object(tool["function"], f"{where}.function") if "function" in tool else tool
        told: Json = {"name": _text(function, "name", f"{where}.")}
        if function.get("description") is not None:
            told["description"] = function["description"]
        schema = function.get("parameters", function.get("input_schema"))
        if schema is not None:
            told["parameters"] = _object(schema, f"{where}.parameters")
        if function.get("strict") is not None:
            told["strict"] = function["strict"]
        tools.append({"type": "function", "function": told})
    return tools or None


def _call(id: str, name: str, holder: Json) -> Json:
    arguments = holder.get("arguments")
    arguments = arguments if isinstance(arguments, str) else "{}"
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _named(name: str) -> Json:
    return {"type": "function", "function": {"name": name}}


def _assistant(messages: list[Json]) -> Json:
    """The assistant's message that calls belong to: the last one, or a new one."""
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": ""})
    return messages[-1]


def _parts(content: Any, where: str) -> str | list[Json]:
    """Content in the shape of chat completions: a text if all of it is text."""
    if content is None or isinstance(content, str):
        return content or ""
    if not is_list(content):
        raise RequestError(f"{where} must be a text or a list of parts")
    parts: list[Json] = []
    for i, element in enumerate(content):
        part = _object(element, f"{where}[{i}]")
        match part.get("type"):
            case "text" | "input_text" | "output_text":
                parts.append({"type": "text", "text": _text(part, "text", f"{where}[{i}].", empty=True)})
            case "refusal":
                parts.append({"type": "text", "text": _text(part, "refusal", f"{where}[{i}].", empty=True)})
            case "input_image":
                parts.append({"type": "image_url", "image_url": {"url": part.get("image_url")}})
            case "image":
                source = _object(part.get("source"), f"{where}[{i}].source")
                url = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
                parts.append({"type": "image_url", "image_url": {"url": url}})
            case "image_url":
                parts.append(part)
            case kind:
                raise RequestError(f"{where}[{i}] is of type {kind!r}, which is not supported")
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _checked(options: Json) -> Json:
    most = options.get("max_tokens")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise RequestError("the greatest number of tokens must be a positive integer")
    return options


def _object(value: Any, where: str) -> Json:
    if not is_object(value):
        raise RequestError(f"{where} must be an object")
    return value


def _list(holder: Json, key: str, where: str = "") -> list[Any]:
    value = holder.get(key)
    if not is_list(value):
        raise RequestError(f"{where}{key} must be a list")
    return value


def _text(holder: Json, key: str, where: str = "", *, empty: bool = False) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not (value or empty):
        raise RequestError(f"{where}{key} must be a text")
    return value


def _flag(holder: Json, key: str) -> bool:
    value = holder.get(key)
    if value is not None and not isinstance(value, bool):
        raise RequestError(f"{key} must be true or false")
    return bool(value)
