"""Detection: which format a model writes, told from its chat template, its vocabulary and its id (formats.md, C)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import toolfeed
from helpers import format_names, grammar_of
from toolfeed import AmbiguousFormat, Detection, Grammar, GrammarError, ToolfeedError, UnknownFormat, detect
from toolfeed.grammar import Calls, Detect

# -- C1: what a template spells ----------------------------------------------------------------------------------------

# The table of formats.md in its order: the strings that a template holds, and the format. Where a chat template that
# somebody ships proves a rule too broad, the line is what the makers' templates spell: MiniCPM3 opens with
# "<|tool_call_start|>" and then writes a code fence, a fine-tuning of Llama closes "<|tool_call|>" with a marker.
C1: list[tuple[tuple[str, ...], str]] = [
    (("<｜DSML｜ calls>",), "deepseek_v41"),
    (("｜DSML｜", "function_calls"), "deepseek_v32"),
    (("｜DSML｜",), "deepseek_v4"),
    (("｜GCML｜",), "gigachat35"),
    (("<ifm|tool_call",), "k2_horizon"),
    (("<|tool_calls_section_begin|>",), "kimi_k2"),
    (("<minimax:tool_call>",), "minimax_m2"),
    (("<seed:tool_call>",), "seed_oss"),
    (("<dots_function_call>",), "dots"),
    (("<steptml:",), "step3"),
    (("<longcat_tool_call>",), "longcat"),
    (("<iquest_tool_call>",), "iquest_q1"),
    (("<|iquest_assistant|>",), "iquest_q1"),
    (("<cofl:",), "cohere_command5"),
    (("<|START_ACTION|>",), "cohere_command"),
    (("<|plamo:",), "plamo3"),
    (("<rfl:parameter",), "beam"),
    (("<|content_invoke_tool_json|>",), "inkling"),
    (("<|tool_call_start|>[",), "lfm2"),
    (("<|tool_list_start|>",), "lfm2"),
    (("<|tools_prefix|>",), "apertus"),
    (("<start_function_call>",), "functiongemma"),
    (("<|tool_call>",), "gemma4"),
    (("<｜tool▁calls▁begin｜>", "```json"), "deepseek_v3"),
    (("<｜tool▁calls▁begin｜>",), "deepseek_v31"),
    (("<|action_start|>",), "internlm2"),
    (("<|function_call|>",), "gigachat3"),
    (("<|role_sep|>",), "gigachat3"),
    (("<TOOLCALL>",), "nemotron_json"),
    (("[TOOL_CALLS]",), "mistral"),
    (("<|channel|>", "functions"), "harmony"),
    (("<tool_sep", "arg_key"), "hy_v3"),
    (("<tool_calls", "arg_key"), "hy_v4"),
    (("<param_key>",), "xing4"),
    (("<arg_key>", "<|role_end|>"), "ling3"),
    (("<arg_key>", "</assistant>"), "poolside_v1"),
    (("</arg_key><arg_value>",), "glm47"),
    (("<arg_key>",), "glm45"),
    (("<function=", "<parameter="), "qwen3_coder"),
    (("<function=", "</function>"), "llama3_tags"),
    ((">>>all",), "functionary_v32"),
    (("functools",), "phi4_mini_json"),
    (("<|start_of_role|>", "<|tool_call|>"), "granite"),
    (("<function_call>",), "granite_20b_fc"),
    (("<function_calls>",), "olmo3"),
    (("<tool_calls>", "助手："), "hunyuan_a13b"),
    (("<tool_calls>[",), "jamba"),
    (("<tool_calls>", '"arguments"'), "minimax_m1"),
    (("<tool_call>", "<response>", '"arguments"'), "ernie45"),
    (("<tool_call>", '"name"', "arguments"), "hermes"),
    (("Action:", "```json", "tool_name"), "command_r_plus"),
    (("<|python_start|>",), "llama4_pythonic"),
    (("[func_name1(", "<|header_start|>"), "llama4_pythonic"),
    (("[func_name1(",), "pythonic"),
    (('{"name": function name', '"parameters"'), "llama3_json"),
    (("single JSON array", '[{"name":'), "xlam"),
]

# Not in the table: a variant that formats.md knows, and a marker of a section that has no rule.
MORE: list[tuple[tuple[str, ...], str]] = [
    (("<tool_calls>[", "[BEGIN FINAL RESPONSE]"), "apriel"),
    (("<|tool_calls|>[",), "sarashina"),
]

# Rules that speak for templates that exist, and of which the first has to win: the sections say that one notation is
# another one's with something added, or a maker's template explains tools in the words of both.
FIRST_WINS = [
    ("deepseek_v41", "deepseek_v32"),
    ("deepseek_v41", "deepseek_v4"),
    ("deepseek_v32", "deepseek_v4"),
    ("gigachat35", "gigachat3"),
    ("seed_oss", "qwen3_coder"),
    ("seed_oss", "llama3_tags"),
    ("cohere_command5", "cohere_command"),
    ("cohere_command", "command_r_plus"),
    ("beam", "harmony"),
    ("deepseek_v3", "deepseek_v31"),
    ("hy_v3", "hy_v4"),
    ("hy_v3", "glm45"),
    ("hy_v4", "glm47"),
    ("iquest_q1", "glm47"),
    ("xing4", "hermes"),
    ("ling3", "glm45"),
    ("poolside_v1", "glm45"),
    ("poolside_v1", "glm47"),
    ("glm47", "glm45"),
    ("glm47", "hermes"),
    ("glm45", "hermes"),
    ("qwen3_coder", "llama3_tags"),
    ("qwen3_coder", "hermes"),
    ("phi4_mini_json", "granite"),
    ("hunyuan_a13b", "jamba"),
    ("hunyuan_a13b", "minimax_m1"),
    ("jamba", "minimax_m1"),
    ("apriel", "jamba"),
    ("apriel", "hermes"),
    ("ernie45", "hermes"),
    ("hermes", "xlam"),
    ("mistral", "xlam"),
    ("llama4_pythonic", "pythonic"),
    ("llama4_pythonic", "llama3_json"),
]


def template(*strings: str) -> str:
    """A template that holds these strings, among what all templates hold."""
    lines = "\n".join(f"{{{{- '{string}' }}}}" for string in strings)
    return f"{{%- if tools %}}\n{lines}\n{{%- endif %}}\n{{%- for message in messages %}}{{{{ message.content }}}}"


def formats_of(text: str) -> set[str]:
    """The format of a template, or the candidates if it is ambiguous."""
    try:
        return {detect(chat_template=text).format}
    except AmbiguousFormat as error:
        return set(error.candidates)
    except UnknownFormat:
        return set()


@pytest.mark.parametrize(("strings", "name"), [*C1, *MORE], ids=str)
def test_a_template_tells_the_format_by_its_markers(strings: tuple[str, ...], name: str) -> None:
    found = detect(chat_template=template(*strings))
    assert found.format == name
    assert found.confidence == "high"
    assert found.grammar is grammar_of(name)
    assert found.reason.startswith("the chat template spells ")
    for string in strings:
        assert name not in formats_of(template(*(other for other in strings if other != string))), string


@pytest.mark.parametrize("index", range(len(C1)))
def test_of_two_rules_the_table_s_first_wins_or_nobody(index: int) -> None:
    """What the table decides by its order is decided so, or is an error that names both: never the other way round."""
    for strings, _ in C1[index + 1 :]:
        text = template(*C1[index][0], *strings)
        first = next(name for strings, name in C1 if all(string in text for string in strings))
        assert first in formats_of(text), strings


@pytest.mark.parametrize(("first", "second"), FIRST_WINS)
def test_a_narrower_format_goes_before_a_broader_one(first: str, second: str) -> None:
    rules = [*C1, *MORE]
    for one in (strings for strings, name in rules if name == first):
        for other in (strings for strings, name in rules if name == second):
            assert formats_of(template(*one, *other)) == {first}
            assert formats_of(template(*other, *one)) == {first}


def test_every_format_can_be_told_by_its_template_or_looks_like_one_that_can() -> None:
    forced = {"named_json", "required_json"}  # what guided decoding makes any model write
    for name in format_names():
        rules = grammar_of(name).detect
        assert bool(rules.template) + bool(rules.like) == (name not in forced), name


def test_over_and_like_name_formats() -> None:
    for name in format_names():
        rules = grammar_of(name).detect
        assert {*rules.over, *filter(None, [rules.like])} <= set(format_names())
        if rules.like:
            assert grammar_of(rules.like).detect.template, "or its templates could not be told"


def test_quotes_count_as_they_come_out_of_a_string() -> None:
    text = r"""{{- "<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>" }}"""
    assert '"name"' not in text
    assert detect(chat_template=text).format == "hermes"


def test_comments_that_do_not_end_are_read_once() -> None:
    began = time.process_time()
    with pytest.raises(UnknownFormat):
        detect(chat_template="{#" * 500_000)
    assert time.process_time() - began < 10  # minutes, if each were looked for to the end


def test_a_comment_is_nothing_that_a_model_sees() -> None:
    text = template("<TOOLCALL>") + "{# unlike\n[TOOL_CALLS] and <minimax:tool_call> #}"
    assert detect(chat_template=text).format == "nemotron_json"


def test_unrelated_markers_are_ambiguous() -> None:
    with pytest.raises(AmbiguousFormat, match=r"mistral.*nemotron_json|nemotron_json.*mistral") as caught:
        detect(chat_template=template("[TOOL_CALLS]", "<TOOLCALL>"))
    assert set(caught.value.candidates) == {"mistral", "nemotron_json"}
    assert "[TOOL_CALLS]" in str(caught.value)
    assert "<TOOLCALL>" in str(caught.value)
    assert "give model" in str(caught.value)


def test_no_marker_is_unknown_and_says_what_was_looked_at() -> None:
    with pytest.raises(UnknownFormat) as caught:
        detect(chat_template="{% for message in messages %}{{ message.content }}{% endfor %}", model="acme/Newmodel-7B")
    message = str(caught.value)
    assert "the chat template (62 characters)" in message
    assert "does not mention tools" in message
    assert "'acme/Newmodel-7B'" in message
    assert "docs/grammar.md" in message


# -- C2: what a model is called ----------------------------------------------------------------------------------------

# The table of formats.md in its order: what an id contains, the format, and ids of models that the sections name.
C2: list[tuple[str, str, tuple[str, ...]]] = [
    ("deepseek-v4.1", "deepseek_v41", ("deepseek-ai/DeepSeek-V4.1-Flash",)),
    ("deepseek-v4", "deepseek_v4", ("deepseek-ai/DeepSeek-V4", "deepseek-ai/DeepSeek-V4-Pro")),
    ("deepseek-v3.2", "deepseek_v32", ("deepseek-ai/DeepSeek-V3.2",)),
    ("deepseek-v3.1", "deepseek_v31", ("deepseek-ai/DeepSeek-V3.1", "deepseek-ai/DeepSeek-V3.1-Terminus")),
    (
        "deepseek-r1",
        "deepseek_v3",
        (
            "deepseek-ai/DeepSeek-R1-0528",
            "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
            "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B",
        ),
    ),
    ("deepseek-v3", "deepseek_v3", ("deepseek-ai/DeepSeek-V3", "deepseek-ai/DeepSeek-V3-0324")),
    ("cogito", "deepseek_v3", ("deepcogito/cogito-v2-preview-llama-70B", "deepcogito/cogito-671b-v2.1")),
    ("gigachat3.5", "gigachat35", ("ai-sage/GigaChat3.5-432B-A28B",)),
    ("gigachat3", "gigachat3", ("ai-sage/GigaChat3-10B-A1.8B", "ai-sage/GigaChat3.1-10B-A1.8B")),
    ("kimi-k2", "kimi_k2", ("moonshotai/Kimi-K2-Instruct", "moonshotai/Kimi-K2.5", "moonshotai/Kimi-K2.7-Code")),
    ("minimax-m2", "minimax_m2", ("MiniMaxAI/MiniMax-M2", "MiniMaxAI/MiniMax-M2.7")),
    ("minimax-m1", "minimax_m1", ("MiniMaxAI/MiniMax-M1-80k",)),
    ("gpt-oss", "harmony", ("openai/gpt-oss-20b", "openai/gpt-oss-120b")),
    ("llm-jp-4", "harmony", ("llm-jp/llm-jp-4.1-8b-thinking",)),
    ("inkling", "inkling", ("thinkingmachines/Inkling-Small",)),
    ("beam-1", "beam", ("reflection/Beam-1.0",)),
    ("plamo-3", "plamo3", ("pfnet/plamo-3-nict-8b",)),
    ("functiongemma", "functiongemma", ("google/functiongemma-270m-it",)),
    ("gemma-4", "gemma4", ("google/gemma-4-31B-it",)),
    ("diffusiongemma", "gemma4", ("google/diffusiongemma-26B-A4B-it",)),
    ("glm-5", "glm47", ("zai-org/GLM-5", "zai-org/GLM-5.1", "zai-org/GLM-5.3")),
    ("glm-4.7", "glm47", ("zai-org/GLM-4.7", "zai-org/GLM-4.7-Flash")),
    ("spark2.5", "glm47", ("iflytek/Spark2.5-13B",)),
    ("spark-2.5", "glm47", ("iflytek/Spark-2.5-13B",)),
    ("macaron-v1", "glm47", ("mindlab-research/Macaron-V1-Preview-749B",)),
    ("glm-4.5", "glm45", ("zai-org/GLM-4.5-Air", "zai-org/GLM-4.5V")),
    ("glm-4.6", "glm45", ("zai-org/GLM-4.6", "zai-org/GLM-4.6V-Flash")),
    ("glm-ocr", "glm45", ("zai-org/GLM-OCR",)),
    ("ring-2.6", "glm45", ("inclusionAI/Ring-2.6-1T",)),
    ("ling-3", "ling3", ("inclusionAI/Ling-3.0-flash",)),
    ("laguna", "poolside_v1", ("poolside/Laguna-XS.2", "poolside/Laguna-S-2.1")),
    ("iquest", "iquest_q1", ("IQuestLab/IQuest-Q1",)),
    ("telechat4", "xing4", ("Tele-AI/TeleChat4-36B",)),
    ("xing4", "xing4", ("Tele-AI/Xing4.0-36B",)),
    ("hy3", "hy_v3", ("tencent/Hy3", "tencent/Hy3-preview")),
    ("hy4", "hy_v4", ("tencent/Hy4-preview",)),
    ("hunyuan-a13b", "hunyuan_a13b", ("tencent/Hunyuan-A13B-Instruct",)),
    ("k2-horizon", "k2_horizon", ("IFM/K2-Horizon",)),
    ("jais-3", "k2_horizon", ("inceptionai/Jais-3-70B",)),
    ("longcat", "longcat", ("meituan-longcat/LongCat-Flash-Chat",)),
    ("dots3", "dots", ("rednote-hilab/dots3-note",)),
    ("seed-oss", "seed_oss", ("ByteDance-Seed/Seed-OSS-36B-Instruct",)),
    ("step-3.5", "step3p5", ("stepfun-ai/Step-3.5-Flash",)),
    ("step-3.7", "step3p5", ("stepfun-ai/Step-3.7-Flash",)),
    ("step-5", "step5", ("stepfun-ai/Step-5-Preview",)),
    ("step3", "step3", ("stepfun-ai/step3",)),
    ("step-3", "step3", ("stepfun-ai/Step-3",)),
    ("mimo-vl", "hermes", ("XiaomiMiMo/MiMo-VL-7B-RL",)),
    ("mimo-v2", "mimo", ("XiaomiMiMo/MiMo-V2-Flash", "XiaomiMiMo/MiMo-V2.5-Pro")),
    ("nemotron-3", "qwen3_coder", ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",)),
    (
        "nemotron",
        "nemotron_json",
        (
            "nvidia/NVIDIA-Nemotron-Nano-9B-v2",
            "nvidia/Llama-3.1-Nemotron-Nano-8B-v1",
            "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5",
        ),
    ),
    ("granite-20b", "granite_20b_fc", ("ibm-granite/granite-20b-functioncalling",)),
    ("granite-4.2", "qwen3_coder", ("ibm-granite/granite-4.2-8b",)),
    ("granite-4", "granite4", ("ibm-granite/granite-4.0-h-small", "ibm-granite/granite-4.1-8b")),
    ("granite-3", "granite", ("ibm-granite/granite-3.0-8b-instruct", "ibm-granite/granite-3.3-8b-instruct")),
    ("intern-s2", "qwen3_coder", ("internlm/Intern-S2-Preview",)),
    ("minicpm-v-4", "qwen3_coder", ("openbmb/MiniCPM-V-4.6",)),
    ("nanbeige", "qwen3_coder", ("Nanbeige/Nanbeige4.2-3B",)),
    ("intern-s1", "internlm2", ("internlm/Intern-S1-mini",)),
    ("internlm2", "internlm2", ("internlm/internlm2_5-7b-chat",)),
    ("command-r7b", "cohere_command", ("CohereLabs/c4ai-command-r7b-12-2024",)),
    ("command-a", "cohere_command", ("CohereLabs/c4ai-command-a-03-2025", "CohereLabs/command-a-reasoning-08-2025")),
    ("north-mini-code", "cohere_command", ("CohereLabs/North-Mini-Code",)),
    ("command-r", "command_r_plus", ("CohereForAI/c4ai-command-r-v01", "CohereForAI/c4ai-command-r-plus-08-2024")),
    ("apertus", "apertus", ("swiss-ai/Apertus-8B-Instruct-2509",)),
    ("ernie-4.5", "ernie45", ("baidu/ERNIE-4.5-21B-A3B-Thinking",)),
    ("olmo-3", "olmo3", ("allenai/Olmo-3-7B-Instruct", "allenai/Olmo-3-32B-Think")),
    ("lfm2", "lfm2", ("LiquidAI/LFM2-1.2B", "LiquidAI/LFM2.5-8B-A1B")),
    ("sarashina", "sarashina", ("sbintuitions/sarashina2.2-3b-instruct-v0.1",)),
    ("apriel", "apriel", ("ServiceNow-AI/Apriel-1.5-15b-Thinker", "ServiceNow-AI/Apriel-1.6-15b-Thinker")),
    ("jamba", "jamba", ("ai21labs/AI21-Jamba-1.5-Mini", "ai21labs/AI21-Jamba-Large-1.5")),
    ("phi-4-mini", "phi4_mini_json", ("microsoft/Phi-4-mini-instruct",)),
    ("firefunction", "phi4_mini_json", ("fireworks-ai/llama-3-firefunction-v2",)),
    ("xlam", "xlam", ("Salesforce/Llama-xLAM-2-8b-fc-r", "Salesforce/xLAM-2-32b-fc-r")),
    ("toolace", "pythonic", ("Team-ACE/ToolACE-8B", "Team-ACE/ToolACE-2-Llama-3.1-8B")),
    (
        "hermes",
        "hermes",
        (
            "NousResearch/Hermes-2-Pro-Mistral-7B",
            "NousResearch/Hermes-3-Llama-3.1-8B",
            "NousResearch/DeepHermes-3-Llama-3-8B-Preview",
        ),
    ),
    ("smollm3", "hermes", ("HuggingFaceTB/SmolLM3-3B",)),
    ("bielik", "hermes", ("speakleash/Bielik-11B-v3.0-Instruct",)),
    ("reka", "hermes", ("RekaAI/reka-edge-2603",)),
    ("exaone-4", "hermes", ("LGAI-EXAONE/EXAONE-4.0-32B",)),
    ("trinity", "trinity", ("arcee-ai/Trinity-Mini",)),  # hermes in the table; its dialect here
    ("kolibri", "hermes", ("acme/Kolibri-1",)),
    ("mellum2", "hermes", ("JetBrains/Mellum2-12B-A2.5B-Instruct",)),
    ("param2", "hermes", ("bharatgenai/Param2-17B",)),
    ("functionary & v3.2", "functionary_v32", ("meetkai/functionary-medium-v3.2",)),
    ("functionary", "llama3_tags", ("meetkai/functionary-medium-v3.1",)),
    ("mistral", "mistral", ("mistralai/Mistral-7B-Instruct-v0.3", "mistralai/Mistral-Small-3.2-24B-Instruct-2506")),
    ("mixtral", "mistral", ("mistralai/Mixtral-8x22B-Instruct-v0.1",)),
    ("ministral", "mistral", ("mistralai/Ministral-3-8B-Instruct-2512",)),
    ("magistral", "mistral", ("mistralai/Magistral-Small-2509",)),
    ("devstral", "mistral", ("mistralai/Devstral-Small-2507",)),
    ("qwen3-coder", "qwen3_coder", ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "Qwen/Qwen3-Coder-Next")),
    ("qwen3.5", "qwen3_coder", ("Qwen/Qwen3.5-27B",)),
    ("qwen3.6", "qwen3_coder", ("Qwen/Qwen3.6-35B-A3B",)),
    ("qwen3.8", "qwen3_coder", ("Qwen/Qwen3.8-27B",)),
    ("qwq", "hermes", ("Qwen/QwQ-32B",)),
    ("qwen2.5", "hermes", ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-Coder-32B-Instruct")),
    ("qwen3", "hermes", ("Qwen/Qwen3-8B", "Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen/Qwen3-VL-8B-Thinking")),
    ("llama-4", "llama4_pythonic", ("meta-llama/Llama-4-Scout-17B-16E-Instruct",)),
    ("llama-3", "llama3_json", ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.2-1B-Instruct")),
]
IDS = [(model, name) for _, name, models in C2 for model in models]


def renamed(model: str) -> Iterator[str]:
    """What a checkpoint is called elsewhere: in another's hub, in files, in a cache, with other separators."""
    maker, name = model.split("/")
    yield name
    yield f"unsloth/{name}-GGUF"
    yield f"/models/{name.lower()}-Q4_K_M.gguf"
    yield f"/home/hermes/mistral/{name}/model-00001-of-00002.gguf"
    yield f"C:\\models\\{name}"
    yield f"/root/.cache/huggingface/hub/models--{maker}--{name}/snapshots/0123456789abcdef0123456789abcdef01234567"
    yield f"my-{name.upper()}-lora"
    yield name.replace("-", "_")


@pytest.mark.parametrize(("model", "name"), IDS)
def test_an_id_tells_the_format(model: str, name: str) -> None:
    found = detect(model=model)
    assert found.format == name
    assert found.confidence in {"medium", "low"}
    assert repr(model) in found.reason


@pytest.mark.parametrize(("model", "name"), IDS)
def test_a_model_is_known_by_whatever_name_it_goes_by(model: str, name: str) -> None:
    for other in renamed(model):
        found = detect(model=other)
        assert (found.format, found.confidence) == (name, "low"), other


def test_the_ids_contain_what_the_table_says() -> None:
    for words, _, models in C2:
        for model in models:
            assert all(word in model.lower() for word in words.split(" & ")), model


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen3:8b", "hermes"),
        ("qwen2.5:7b-instruct", "hermes"),
        ("qwen2p5-72b-instruct", "hermes"),
        ("qwen3-coder:30b", "qwen3_coder"),
        ("llama3.1:8b", "llama3_json"),
        ("phi4-mini", "phi4_mini_json"),
        ("deepseek-v3p1", "deepseek_v31"),
        ("glm-4p5-air", "glm45"),
        ("gpt_oss_20b", "harmony"),
        ("kimik2", "kimi_k2"),
        ("granite3.3:8b", "granite"),
        ("command-r:35b", "command_r_plus"),
        ("hf.co/unsloth/Kimi-K2-Instruct-GGUF:Q4_K_M", "kimi_k2"),
    ],
)
def test_other_registries_spell_names_in_their_own_way(model: str, name: str) -> None:
    assert detect(model=model).format == name


@pytest.mark.parametrize(
    "model",
    [
        "Qwen/Qwen3.7-27B",  # a version that nobody has seen
        "Qwen/Qwen3_7-27B",
        "deepseek-ai/DeepSeek-V3.5",
        "zai-org/GLM-4-9B-0414",  # of another generation
        "THUDM/glm-4-9b-chat",
        "moonshotai/Kimi-K3",
        "MiniMaxAI/MiniMax-M3",
        "microsoft/phi-4",
        "meta-llama/Meta-Llama-3-8B-Instruct",
        "google/gemma-3-4b-it",  # by its prompt only
        "/runs/checkpoint-step3000",  # a word in a word
        "acme/whisperhy3",
        "acme/eureka-edge",
        "stepfun-ai/Step3-VL-10B",  # another model of the family
        "IQuestLab/IQuest-Coder-V1-40B-Instruct",
        "ibm-granite/granite-guardian-3.2-5b",
        "mistralai",
        "",
        "/",
    ],
)
def test_a_name_that_is_not_known_is_not_guessed(model: str) -> None:
    with pytest.raises(UnknownFormat):
        detect(model=model)


def test_a_contested_model_is_refused_with_its_candidates() -> None:
    """formats.md: ask the template."""
    for model in ("deepseek-ai/DeepSeek-V3.2-Exp", "unsloth/DeepSeek-V3.2-Exp-GGUF"):
        with pytest.raises(AmbiguousFormat, match="give chat_template") as caught:
            detect(model=model)
        assert set(caught.value.candidates) == {"deepseek_v31", "deepseek_v32"}
        for text, name in (
            (template("<｜tool▁calls▁begin｜>"), "deepseek_v31"),
            (template("｜DSML｜", "function_calls"), "deepseek_v32"),
        ):
            found = detect(model=model, chat_template=text)
            assert (found.format, found.confidence) == (name, "high")


def test_two_families_in_one_name_are_refused() -> None:
    with pytest.raises(AmbiguousFormat) as caught:
        detect(model="acme/Mistral-Nemo-Kimi-K2-distill")
    assert set(caught.value.candidates) == {"mistral", "kimi_k2"}


def test_an_id_is_surer_if_it_is_the_maker_s() -> None:
    assert detect(model="moonshotai/Kimi-K2-Instruct").confidence == "medium"
    assert detect(model="moonshotai/kimi-k2-instruct").confidence == "medium"
    assert detect(model="unsloth/Kimi-K2-Instruct").confidence == "low"
    assert detect(model=Path("/models/kimi-k2-instruct")).confidence == "low"


# -- the template and the id -------------------------------------------------------------------------------------------

HERMES = template("<tool_call>", '"name"', "arguments")
TAGGED = template("<tool_call>", "<function=", "<parameter=", "</function>")
SILENT = "{% for message in messages %}{{ message.content }}{% endfor %}"


@pytest.mark.parametrize(
    ("text", "model", "name"),
    [
        (HERMES, "ibm-granite/granite-4.0-h-small", "granite4"),
        (HERMES, "arcee-ai/Trinity-Mini", "trinity"),
        (HERMES, "Qwen/Qwen3-8B", "hermes"),
        (TAGGED, "XiaomiMiMo/MiMo-V2-Flash", "mimo"),
        (TAGGED, "stepfun-ai/Step-3.5-Flash", "step3p5"),
        (TAGGED, "stepfun-ai/Step-5-Preview", "step5"),
        (TAGGED, "/models/step-3.7-flash.gguf", "step3p5"),
        (TAGGED, "Qwen/Qwen3.5-27B", "qwen3_coder"),
    ],
)
def test_the_id_tells_apart_what_looks_the_same(text: str, model: str, name: str) -> None:
    found = detect(chat_template=text, model=model)
    assert (found.format, found.confidence) == (name, "high")
    assert "the chat template spells" in found.reason
    assert repr(model) in found.reason


@pytest.mark.parametrize(
    ("text", "model", "name"),
    [
        (TAGGED, "arcee-ai/Trinity-Mini", "qwen3_coder"),
        (HERMES, "stepfun-ai/Step-3.5-Flash", "hermes"),
        (HERMES, "moonshotai/Kimi-K2-Thinking", "hermes"),
        (TAGGED, "PrimeIntellect/Qwen3-0.6B", "qwen3_coder"),
    ],
)
def test_a_template_wins_over_the_id_and_the_result_says_so(text: str, model: str, name: str) -> None:
    found = detect(chat_template=text, model=model)
    assert (found.format, found.confidence) == (name, "medium")
    assert "although" in found.reason
    assert repr(model) in found.reason


@pytest.mark.parametrize(
    ("text", "model", "name"),
    [
        (template("[func_name1("), "meta-llama/Llama-3.2-1B-Instruct", "pythonic"),  # both formats list it
        (template("{{name}}", '{"name": function name', '"parameters"'), "meta-llama/Llama-4-Scout-17B", "llama3_json"),
        (template("<arg_key>", "<|role_end|>"), "inclusionAI/Ring-2.6-1T", "ling3"),  # the template spells both
    ],
)
def test_what_depends_on_the_prompt_is_no_contradiction(text: str, model: str, name: str) -> None:
    found = detect(chat_template=text, model=model)
    assert (found.format, found.confidence) == (name, "high")


def test_the_id_chooses_between_what_a_template_leaves_open() -> None:
    text = template("[TOOL_CALLS]", "<TOOLCALL>")
    found = detect(chat_template=text, model="mistralai/Mistral-Small-24B-Instruct-2501")
    assert (found.format, found.confidence) == ("mistral", "medium")
    with pytest.raises(AmbiguousFormat):
        detect(chat_template=text, model="Qwen/Qwen3-8B")
    with pytest.raises(AmbiguousFormat, match="name the format"):
        detect(chat_template=text, model="acme/unheard-of")


def test_an_unknown_id_takes_nothing_from_a_template() -> None:
    assert detect(chat_template=HERMES, model="acme/unheard-of").confidence == "high"


def test_the_id_has_to_do_where_the_template_says_nothing() -> None:
    found = detect(chat_template=SILENT, model="moonshotai/Kimi-K2-Instruct")
    assert (found.format, found.confidence) == ("kimi_k2", "low")
    assert found.reason.startswith(
        "the chat template spells no format's markers and does not mention tools, but the model id"
    )
    found = detect(chat_template=SILENT + "{{ tools }}", model="moonshotai/Kimi-K2-Instruct")
    assert found.reason.startswith("the chat template spells no format's markers, but the model id")


# -- the tokenizer's configuration -------------------------------------------------------------------------------------

KIMI = template("<|tool_calls_section_begin|>")


def added(*tokens: str) -> dict[str, Any]:
    return {str(number): {"content": token, "special": True} for number, token in enumerate(tokens, 100)}


@pytest.mark.parametrize(
    "templates",
    [
        KIMI,
        [{"name": "default", "template": SILENT}, {"name": "tool_use", "template": KIMI}],
        [{"name": "rag", "template": SILENT}, {"name": "default", "template": KIMI}],
        [{"name": "only", "template": KIMI}],
        {"default": SILENT, "tool_use": KIMI},
        {"default": KIMI},
    ],
)
def test_a_chat_template_may_be_one_of_several(templates: Any) -> None:
    assert detect(tokenizer_config={"chat_template": templates}).format == "kimi_k2"
    assert detect(chat_template=templates).format == "kimi_k2"


def test_a_given_template_and_a_given_id_go_before_those_in_the_configuration() -> None:
    config = {"chat_template": KIMI, "name_or_path": "moonshotai/Kimi-K2-Instruct"}
    assert detect(chat_template=HERMES, tokenizer_config=config).format == "hermes"
    assert detect(chat_template=HERMES, tokenizer_config=config).confidence == "medium"
    assert detect(chat_template=HERMES, tokenizer_config=config, model="Qwen/Qwen3-8B").confidence == "high"


RESPONSE = {
    "version": 1,
    "start_anchor": "<|im_start|>assistant\n",
    "fields": {
        "content": {"close": "<|im_end|>"},
        "tool_calls": {
            "open": "<own_call>",
            "close": "</own_call>",
            "repeats": True,
            "content": "json",
            "transform": {"function": {"name": "{content.name}", "arguments": "{content.arguments}"}},
        },
    },
}


def test_a_response_template_outranks_everything() -> None:
    """formats.md, D: it is the format."""
    for response in (RESPONSE, json.dumps(RESPONSE)):
        config = {"chat_template": KIMI, "response_template": response}
        for found in (
            detect(tokenizer_config=config),
            detect(tokenizer_config=config, chat_template=HERMES, model="Qwen/Qwen3-8B"),
        ):
            assert (found.format, found.confidence) == ("response_template", "certain")
            assert "response template" in found.reason
        message = toolfeed.parse('<own_call>{"name": "f", "arguments": {}}</own_call>', "auto", tokenizer_config=config)
        assert [call.name for call in message.tool_calls] == ["f"]


def test_a_response_template_that_cannot_be_read_is_told() -> None:
    with pytest.raises(GrammarError, match="the response_template in tokenizer_config: version: ") as caught:
        detect(tokenizer_config={"chat_template": KIMI, "response_template": {**RESPONSE, "version": 2}})
    assert caught.value.key == "version"


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"added_tokens_decoder": added("<s>", "<|tool_calls_section_begin|>", "<|tool_call_begin|>")}, "kimi_k2"),
        ({"additional_special_tokens": ["<|START_ACTION|>", "<|tools_prefix|>", "<|tools_suffix|>"]}, None),
        ({"additional_special_tokens": ["<|tools_prefix|>", "<|tools_suffix|>"]}, "apertus"),
        ({"extra_special_tokens": {"a": "[TOOL_CALLS]", "b": "</s>"}}, "mistral"),
        ({"added_tokens_decoder": added("<|python_tag|>", "<|eot_id|>")}, "llama3_json"),
    ],
)
def test_the_vocabulary_is_tested_for_the_same_markers(config: dict[str, Any], name: str | None) -> None:
    if name is None:
        with pytest.raises(AmbiguousFormat, match="the vocabulary holds"):
            detect(tokenizer_config=config)
        return
    found = detect(tokenizer_config=config)
    assert (found.format, found.confidence) == (name, "medium")
    assert "the vocabulary holds" in found.reason
    assert detect(tokenizer_config={**config, "chat_template": SILENT}).format == name


def test_the_id_chooses_among_formats_with_the_same_tokens() -> None:
    tags = {"added_tokens_decoder": added("<tool_call>", "</tool_call>", "<think>", "</think>", "<|im_end|>")}
    with pytest.raises(AmbiguousFormat) as caught:
        detect(tokenizer_config=tags)
    assert {"hermes", "qwen3_coder", "granite4", "mimo"} <= set(caught.value.candidates)
    assert "glm45" not in caught.value.candidates, "whose other tokens are missing"
    for model, name in (("Qwen/Qwen3-8B", "hermes"), ("Qwen/Qwen3.5-27B", "qwen3_coder")):
        found = detect(tokenizer_config=tags, model=model)
        assert (found.format, found.confidence) == (name, "medium")


def test_more_of_a_format_s_tokens_say_more() -> None:
    tokens = ("<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>")
    config = {"added_tokens_decoder": added(*tokens)}
    with pytest.raises(AmbiguousFormat) as caught:
        detect(tokenizer_config=config)
    assert "glm45" in caught.value.candidates
    assert "hermes" not in caught.value.candidates
    assert detect(tokenizer_config=config, model="zai-org/GLM-4.7").format == "glm47"


def test_a_vocabulary_without_the_tokens_that_the_id_asks_for_is_ambiguous() -> None:
    with pytest.raises(AmbiguousFormat) as caught:
        detect(tokenizer_config={"added_tokens_decoder": added("[TOOL_CALLS]")}, model="moonshotai/Kimi-K2-Instruct")
    assert set(caught.value.candidates) == {"kimi_k2", "mistral"}


def test_a_format_without_tokens_cannot_be_missed_in_a_vocabulary() -> None:
    config = {"added_tokens_decoder": added("<|python_tag|>")}
    assert detect(tokenizer_config=config, model="Salesforce/Llama-xLAM-2-8b-fc-r").format == "xlam"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "models--moonshotai--Kimi-K2-Instruct" / "snapshots" / "0123456789abcdef"
    folder.mkdir(parents=True)
    return folder


def write(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def test_a_folder_is_read_as_a_checkpoint(checkpoint: Path) -> None:
    write(checkpoint / "tokenizer_config.json", {"chat_template": SILENT})
    found = detect(tokenizer_config=checkpoint)
    assert (found.format, found.confidence) == ("kimi_k2", "low"), "by its name"
    write(checkpoint / "tokenizer.json", {"model": {}, "added_tokens": [{"content": "<|tool_call_begin|>"}]})
    assert detect(tokenizer_config=checkpoint).confidence == "medium", "by its tokens"
    write(checkpoint / "chat_template.jinja", KIMI)
    for path in (checkpoint, str(checkpoint), checkpoint / "tokenizer_config.json"):
        found = detect(tokenizer_config=path)
        assert (found.format, found.confidence) == ("kimi_k2", "high"), "by its template"
    write(checkpoint / "additional_chat_templates" / "tool_use.jinja", HERMES)
    found = detect(tokenizer_config=checkpoint)
    assert (found.format, found.confidence) == ("hermes", "medium"), "by its template for tools"
    assert "(tool_use)" in found.reason


def test_the_files_of_a_folder_that_may_be_missing(tmp_path: Path) -> None:
    write(tmp_path / "chat_template.jinja", KIMI)
    assert detect(tokenizer_config=tmp_path).format == "kimi_k2"
    write(tmp_path / "tokenizer_config.json", {})
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(UnknownFormat, match="fits no format's patterns"):
        detect(tokenizer_config=tmp_path)
    write(tmp_path / "config.json", {"_name_or_path": "mistralai/Mistral-Nemo-Instruct-2407"})
    assert detect(tokenizer_config=tmp_path).format == "mistral"
    write(tmp_path / "chat_template.json", {"chat_template": KIMI})
    assert detect(tokenizer_config=tmp_path).format == "kimi_k2"


def test_a_template_s_path(tmp_path: Path) -> None:
    path = tmp_path / "own.jinja"
    write(path, KIMI)
    for given in (path, str(path)):
        found = detect(chat_template=given)
        assert found.format == "kimi_k2"
        assert str(path) in found.reason


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give chat_template, model or tokenizer_config"),
        ({"chat_template": 7}, "not 7"),
        ({"chat_template": {}}, "templates by name"),
        ({"chat_template": {"a": "x", "b": "y"}}, "'a', 'b'"),
        ({"chat_template": [{"name": "default"}]}, "no text but None"),
        ({"chat_template": [1, 2]}, "templates by name"),
        ({"chat_template": "no/such.jinja"}, "cannot read no/such.jinja"),
        ({"chat_template": Path("no/such")}, "cannot read no/such"),
        ({"chat_template": "\0.jinja"}, "cannot read"),
        ({"tokenizer_config": 7}, "an object or a path, not 7"),
        ({"tokenizer_config": "no/such/folder"}, "there is no no/such/folder"),
        ({"tokenizer_config": "\0"}, "there is no"),
        ({"tokenizer_config": {"chat_template": 7}}, "the chat template in tokenizer_config"),
        ({"tokenizer_config": {"response_template": 7}}, "response_template is an object"),
        ({"model": 7}, "model is an id or a path, not 7"),
        ({"model": b"x"}, "model is an id or a path"),
    ],
)
def test_a_bad_argument_is_told(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ToolfeedError, match=words) as caught:
        detect(**arguments)
    assert type(caught.value) is ToolfeedError


@pytest.mark.parametrize(
    ("text", "words"), [(b"{", "is not JSON"), (b"[]", "holds no JSON object"), (b"\xff", "not UTF-8")]
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "tokenizer_config.json"
    path.write_bytes(text)
    for given in (path, tmp_path):
        with pytest.raises(ToolfeedError, match=words) as caught:
            detect(tokenizer_config=given)
        assert str(path) in str(caught.value)


def test_a_folder_without_any_of_the_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolfeedError, match="holds neither"):
        detect(tokenizer_config=tmp_path)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"chat_template": None},
        {"chat_template": ""},
        {"added_tokens_decoder": []},
        {"added_tokens_decoder": {"1": 7, "2": None, "3": {"content": 7}}},
        {"additional_special_tokens": None, "name_or_path": 7},
        {"additional_special_tokens": [[], {}]},
    ],
)
def test_a_configuration_that_says_nothing_is_unknown(config: dict[str, Any]) -> None:
    with pytest.raises(UnknownFormat):
        detect(tokenizer_config=config)


# -- formats of one's own ----------------------------------------------------------------------------------------------


def own(name: str, marker: str, **detect_: Any) -> Grammar:
    return Grammar(name=name, calls=Calls(call=(f"{marker}{{call:json}}</x>",)), detect=Detect(**detect_))


def test_a_format_of_one_s_own_takes_part() -> None:
    mine = own("mine", "<mine>", template=(("<mine>",),))
    found = detect(chat_template=template("<mine>"), grammars=[mine])
    assert found.format == "mine"
    assert found.grammar is mine
    with pytest.raises(UnknownFormat):
        detect(chat_template=template("<mine>"))


def test_it_goes_before_another_only_if_it_asks_for_more_or_says_so() -> None:
    text = template("<tool_call>", '"name"', "arguments", "<mine>")
    vague = own("mine", "<mine>", template=(("<mine>",),))
    with pytest.raises(AmbiguousFormat) as caught:
        detect(chat_template=text, grammars=[vague])
    assert set(caught.value.candidates) == {"hermes", "mine"}
    narrower = own("mine", "<mine>", template=(("<mine>", "<tool_call>\n", '"name"', "arguments"),))
    assert detect(chat_template=text.replace("<tool_call>", "<tool_call>\n"), grammars=[narrower]).format == "mine"
    before = own("mine", "<mine>", template=(("<mine>",),), over=("hermes",))
    assert detect(chat_template=text, grammars=[before]).format == "mine"
    before = own("mine", "<mine>", template=(("<mine>",),), over=("qwen3_coder",))  # which goes before hermes
    assert detect(chat_template=text, grammars=[before]).format == "mine"


def test_two_that_go_before_each_other_are_ambiguous() -> None:
    both = [
        own("one", "<one>", template=(("<mine>",),), over=("two",)),
        own("two", "<two>", template=(("<mine>",),), over=("one",)),
    ]
    with pytest.raises(AmbiguousFormat):
        detect(chat_template=template("<mine>"), grammars=both)


def test_it_may_be_a_path_and_is_found_by_its_models(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    write(path, 'format = 1\nname = "mine"\nmodels = "acme/Newmodel-*"\n[calls]\ncall = "<mine>{call:json}</mine>"\n')
    for given in (path, str(path)):
        assert detect(model="acme/Newmodel-7B", grammars=[given]).format == "mine"
    found = detect(model="newmodel-7b.gguf", grammars=[path])
    assert toolfeed.parse('<mine>{"name": "f"}</mine>', found.grammar).tool_calls[0].name == "f"


def test_it_takes_the_place_of_one_with_its_name() -> None:
    mine = own("hermes", "<mine>", template=(("<mine>",),))
    assert detect(chat_template=template("<mine>"), grammars=[mine]).grammar is mine


@pytest.mark.parametrize("key", ["over", "like"])
def test_a_name_that_no_format_has_is_told(key: str) -> None:
    mine = own("mine", "<mine>", **{key: "hermse" if key == "like" else ("hermse",)})
    with pytest.raises(GrammarError, match=r"mine: detect\..*'hermse'.*did you mean 'hermes'"):
        detect(model="x", grammars=[mine])


# -- Parser("auto") ----------------------------------------------------------------------------------------------------

TEXT = "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>"


def test_auto_reads_what_it_finds() -> None:
    options: list[dict[str, Any]] = [
        {"chat_template": KIMI},
        {"model": "moonshotai/Kimi-K2-Instruct"},
        {"tokenizer_config": {"chat_template": KIMI}},
    ]
    for given in options:
        message = toolfeed.parse(TEXT, "auto", **given)
        assert [call.name for call in message.tool_calls] == ["f"]
        assert toolfeed.Parser("auto", **given).finish() == []


def test_auto_is_as_loud() -> None:
    with pytest.raises(UnknownFormat):
        toolfeed.Parser("auto", model="acme/unheard-of")
    with pytest.raises(AmbiguousFormat):
        toolfeed.Parser("auto", model="deepseek-ai/DeepSeek-V3.2-Exp")
    with pytest.raises(ToolfeedError, match="give chat_template, model or tokenizer_config"):
        toolfeed.Parser("auto")


@pytest.mark.parametrize("format_", ["hermes", grammar_of("hermes"), Path("no.toml")])
def test_what_auto_looks_at_means_nothing_elsewhere(format_: Any) -> None:
    options: list[dict[str, Any]] = [{"chat_template": KIMI}, {"model": "x"}, {"tokenizer_config": {}}]
    for given in options:
        with pytest.raises(ToolfeedError, match="'auto' only"):
            toolfeed.Parser(format_, **given)


def test_a_detection_is_a_value() -> None:
    one, other = detect(model="qwq"), detect(model="qwq")
    assert one == other
    assert repr(one) == f"Detection(format='hermes', confidence='low', reason={one.reason!r})"
    assert isinstance(one, Detection)
    with pytest.raises(AttributeError):
        one.format = "xlam"  # type: ignore[misc]  # that it cannot be set is the point
