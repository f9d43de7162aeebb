"""Why a case of the taxonomy makes no sense for some formats: named predicates, by the grammar's structure."""

from __future__ import annotations

from taxonomy import Format, Reason
from toolfeed import traits
from toolfeed.notation import Tag

# -- the turn ----------------------------------------------------------------------------------------------------------

ONE_CALL = Reason(
    "one call", "the turn is the arguments of the one call that was asked for", lambda form: form.one_call
)
ONE_LIST = Reason(
    "one list",
    "without a marker, only the beginning of the text can be a call; what follows it is content",
    lambda form: form.bare and form.notation != "python" and form.grammar.calls.bare == "start",
)
MESSAGES = Reason(
    "messages", "the turn is a sequence of messages: text and markers have their places", lambda form: form.messages
)
NO_MESSAGES = Reason("no messages", "the turn is no sequence of messages", lambda form: not form.messages)
NO_SECTION = Reason("no section", "nothing stands around all calls", lambda form: not traits.sections(form.grammar))
NO_PROMPTS = Reason(
    "no prompts", "the grammar lists no ending of a prompt", lambda form: not form.grammar.start.prompts
)
NO_REPAIRS = Reason("no repairs", "the grammar lists none", lambda form: form.grammar.repair is None)

# -- what says that a call comes ---------------------------------------------------------------------------------------

NO_MARKER = Reason("no marker", "no marker stands before a call", lambda form: form.bare or form.one_call)
NO_MARKERS = Reason("no literal markers", "calls are written without markers", lambda form: not form.pieces)
MARKED = Reason("marked", "a marker says that a call comes", lambda form: not form.decided_by_text)
DECIDED_BY_TEXT = Reason(
    "decided by the text",
    "no marker says that a call comes, or none that is enough, so the text has to say more",
    lambda form: form.decided_by_text,
)
FORCED = Reason(
    "forced",
    "the text is forced to be calls, so that a name is enough",
    lambda form: form.bare and form.notation == "json" and form.grammar.calls.commit == "name",
)
COMMIT = Reason(
    "late commit",
    "a name alone is no call: its arguments have to begin",
    lambda form: form.grammar.calls.commit == "arguments" or form.one_call,
)
LINE = Reason("line", "an opener counts only where a line begins", lambda form: form.grammar.calls.begins == "line")
WORD = Reason("word", "the opener is an ordinary word", lambda form: form.opener.isalpha())
NO_OPTIONAL_OPENER = Reason(
    "no optional opener", "every opener has to be there", lambda form: not form.optional_openers
)

# -- what closes it ----------------------------------------------------------------------------------------------------

NO_CLOSER = Reason("no closer", "nothing stands behind a call", lambda form: not form.closers)
NO_KEPT_CLOSER = Reason(
    "no lasting closer", "no closer but those that vanish where they close nothing", lambda form: not form.kept_closers
)
OWN_BRACKET = Reason(
    "own bracket", "a call ends with its own bracket", lambda form: form.payload.what == "calls" or not form.closers
)
NOTHING_ABSORBED = Reason(
    "nothing absorbed", "no marker vanishes where it closes nothing", lambda form: not form.grammar.absorb
)

# -- names and ids -----------------------------------------------------------------------------------------------------

NAME_IN_REQUEST = Reason("name in the request", "the text holds no name", lambda form: form.one_call)
IDENTIFIERS = Reason(
    "identifiers", "names and keys are Python identifiers", lambda form: form.payload.codec == "python"
)
IN_HEADERS = Reason(
    "names in headers",
    "the name is a word in a message's header",
    lambda form: form.messages and not form.objects,
)
NO_IDS = Reason("no ids", "the model writes no ids", lambda form: not traits.writes_ids(form.grammar))
ID_IN_TAG = Reason(
    "id in the tag",
    "the id stands in the tag with the name",
    lambda form: any(isinstance(item, Tag) and {"id", "name"} <= set(item.fields) for item in form.way.items),
)

# -- arguments ---------------------------------------------------------------------------------------------------------

NO_JSON = Reason("no JSON", "arguments are not written in JSON", lambda form: form.notation != "json")
NO_PYTHON = Reason("no Python", "values are not written in Python", lambda form: form.notation != "python")
NO_PYTHON_CALLS = Reason(
    "no Python calls", "calls are no Python expressions", lambda form: form.payload.codec != "python"
)
NO_OBJECT_NOTATION = Reason(
    "no object notation", "values are not written in object notation", lambda form: form.notation != "object"
)
NO_TAGS = Reason("no tagged values", "arguments are not tagged one by one", lambda form: form.notation != "raw")
RAW = Reason("raw values", "a value is raw text, of which anything is one", lambda form: form.notation == "raw")
TYPED_TAGS = Reason(
    "typed tags",
    "the tags say which type a value has, and the schema nothing",
    lambda form: form.notation == "raw" and not traits.typed_by_schema(form.grammar),
)
UNTYPED = Reason(
    "typed by schemas", "values are written without types", lambda form: traits.typed_by_schema(form.grammar)
)
NOT_QUOTED = Reason(
    "not all quoted", "the format does not quote every value", lambda form: form.payload.codec != "quoted"
)
NOT_NOTED = Reason(
    "no quotes for others",
    "no value is quoted that is no string: JSON passes as it is written",
    lambda form: form.payload.codec not in ("python", "object"),
)
NO_STATED_TYPES = Reason(
    "no stated types",
    "the text does not say which type a value has, beside a schema that does",
    lambda form: form.notation != "raw" or not traits.states_types(form.grammar) or TYPED_TAGS.holds(form),
)
STRIPPED = Reason("stripped", "the whitespace around a value is markup", lambda form: form.trim == "strip")
KEYS_IN_TAGS = Reason(
    "keys in tags",
    "a key stands in a tag, where a quote would end it",
    lambda form: any(isinstance(item, Tag) and "key" in item.fields for item in form.value_items),
)
AS_WRITTEN = Reason(
    "as written",
    "arguments pass as they are written, as JSON or a literal",
    lambda form: form.notation == "json" or form.payload.codec == "literal",
)

# -- call objects and lists --------------------------------------------------------------------------------------------

NO_OBJECT = Reason("no call object", "a call is no JSON object with its name in it", lambda form: not form.objects)
NO_HEADER = Reason(
    "no header",
    "no header with the name stands before JSON",
    lambda form: form.way.family != "header and JSON",
)
NO_JSON_IN_TAGS = Reason(
    "no JSON in tags",
    "no single JSON object stands in tags",
    lambda form: form.payload.what != "call" or not form.closers or not form.objects,
)
NO_LIST = Reason("no list", "calls are no list", lambda form: not form.payload.bracketed)

# -- reasoning ---------------------------------------------------------------------------------------------------------

NO_REASONING = Reason("no reasoning", "a turn holds no reasoning", lambda form: not traits.can_reason(form.grammar))
NO_OPENER = Reason(
    "opened by the prompt",
    "reasoning is opened by the prompt alone",
    lambda form: form.grammar.reasoning is not None and not form.grammar.reasoning.open,
)
NOT_ABSORBED = Reason(
    "second closer kept",
    "a second closer of reasoning does not vanish",
    lambda form: form.grammar.reasoning is not None and form.around_reasoning[1] not in form.absorbed,
)


def _policy(name: str, meaning: str) -> Reason:
    def holds(form: Format) -> bool:
        return form.grammar.reasoning is not None and form.grammar.reasoning.calls != name

    return Reason(meaning, f'`reasoning.calls` is not `"{name}"`', holds)


NOT_TEXT = _policy("text", "no text in reasoning")
NOT_END = _policy("end", "no end of reasoning")
NOT_INSIDE = _policy("inside", "not inside reasoning")
