import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.parsing.examples import extract
from harness.records.inputs import Example, Turn


def _turns(*turns: str) -> tuple[Turn, ...]:
    """`user: text` and `assistant: text` as turns."""
    pairs = (turn.partition(": ") for turn in turns)
    return tuple(Turn(role="user" if role == "user" else "assistant", text=text) for role, _, text in pairs)


FULL = Example(
    context="A new shop.",
    turns=_turns("user: Plan the orders table", "assistant: I'll use the db agent"),
    commentary="Tables are its job.",
)


@pytest.mark.parametrize(
    "text",
    [
        (
            "<example>Context: A new shop. user: 'Plan the orders table' assistant: 'I'll use the db agent' "
            "<commentary>Tables are its job.</commentary></example>"
        ),
        (
            '<example>\nContext: A new shop.\nuser: "Plan the orders table"\n'
            'assistant: "I\'ll use the db agent"\n'
            "<commentary>\nTables are its job.\n</commentary>\n</example>"
        ),
        (
            '<example>\nContext: A new shop.\nUser: "Plan the orders table"\n'
            'Assistant: "I\'ll use the db agent"\n'
            "Commentary: Tables are its job.\n</example>"
        ),
        (
            "<example>\n**Context:** A new shop.\n- **User:** Plan the orders table\n"
            "- **Assistant**: I'll use the db agent\n<commentary>Tables are its job.</commentary></example>"
        ),
        (
            "<Example><context>A new shop.</context><user_request>Plan the orders table</user_request>"
            "<assistant_response>I'll use the db agent</assistant_response>"
            "<commentary>Tables are its job.</commentary></Example>"
        ),
        (
            "<example>Context: A new shop.user: \u201cPlan the orders table\u201d"
            "assistant: \u201cI'll use the db agent\u201d"
            "<commentary>Tables are its job.</commentary></example>"
        ),
        (
            "<example>Contexto: A new shop. usuario: 'Plan the orders table' "
            "asistente: 'I'll use the db agent' "
            "<comentario>Tables are its job.</comentario></example>"
        ),
    ],
)
def test_every_tagged_layout_gives_the_same_example(text: str) -> None:
    assert extract(f"Use this agent for databases. Examples: {text} And so on.").examples == (FULL,)


@pytest.mark.parametrize("escape", [r"\n", r"\\n"])
def test_escaped_line_breaks_and_quotes_are_read_as_such_beside_example_grammar(escape: str) -> None:
    lines = [
        *("<example>", "Context: A new shop.", r"user: \"Plan the orders table\""),
        *(r"assistant: \"I'll use the db agent\"", "<commentary>", "Tables are its job.", "</commentary>"),
    ]
    found = extract(escape.join((*lines, "</example>")))
    assert found.examples == (FULL,)
    assert len(found.notes) == 1
    kept = extract(r"<example>user: 'It is under C:\new\tools' assistant: 'Fine'</example>")
    assert kept.examples[0].user == r"It is under C:\new\tools"
    assert kept.notes == ()


def test_escaped_tags_are_unescaped() -> None:
    found = extract("&lt;example&gt;Context: A. user: 'B &amp; C'&lt;/example&gt;")
    assert found.examples[0].user == "B & C"
    assert found.notes == ("examples are HTML-escaped; read unescaped",)


@pytest.mark.parametrize(
    ("spoken", "heard"),
    [
        ("'It doesn't start and I can't see why'", "It doesn't start and I can't see why"),
        ("'The users' list is empty'", "The users' list is empty"),
        ("\"Say 'hello' to it\"", "Say 'hello' to it"),
        ("'He said 'no' twice'", "He said 'no' twice"),
        ('"One line\nand another"', "One line\nand another"),
        ("'never closed", "never closed"),
    ],
)
def test_a_quoted_turn_ends_where_something_new_begins(spoken: str, heard: str) -> None:
    for template in (
        "user: {} assistant: 'ok'",
        "user: {}\nassistant: 'ok'",
        "user: {} <commentary>c</commentary>",
    ):
        (example,) = extract(f"<example>{template.format(spoken)}</example>").examples
        assert example.user == heard


@pytest.mark.parametrize(
    ("text", "example"),
    [
        (
            "user: 'Check it' assistant: 'I look.' <commentary>Why</commentary> assistant: 'Now the agent'",
            Example(
                turns=_turns("user: Check it", "assistant: I look.", "assistant: Now the agent"),
                commentary="Why",
                notes=("no context",),
            ),
        ),
        (
            'Context: Tests failed.\nassistant: "I call it"\n<commentary>never closed',
            Example(
                context="Tests failed.",
                turns=_turns("assistant: I call it"),
                commentary="never closed",
                notes=("<commentary> is not closed", "no user turn"),
            ),
        ),
        (
            (
                'Context: C\nuser: "Write it"\nassistant: "Here"\n[writes code]\nNow it must be read.\n'
                '<Task tool call to reviewer>\nassistant: "I let it be read"'
            ),
            Example(
                context="C",
                turns=_turns("user: Write it", "assistant: Here", "assistant: I let it be read"),
                notes=(
                    "action: [writes code]",
                    "text between the turns: Now it must be read.",
                    "action: <Task tool call to reviewer>",
                    "no commentary",
                ),
            ),
        ),
        (
            'A deployment (the big one) is near.\n- Dana: "Look at 12"\n- Assistant: "Yes"',
            Example(
                context="A deployment (the big one) is near.",
                turns=_turns("user: Look at 12", "assistant: Yes"),
                notes=("the context has no label", "speaker 'Dana' is read as the user", "no commentary"),
            ),
        ),
        (
            'agent: "I am stuck"\nassistant: "Let me coach"\n<commentary>c</commentary>',
            Example(
                turns=_turns("user: I am stuck", "assistant: Let me coach"),
                commentary="c",
                notes=("speaker 'agent' is read as the user", "no context"),
            ),
        ),
        (
            "User: Explore this\nAgent: Runs through it\n<commentary>c</commentary>",
            Example(
                turns=_turns("user: Explore this", "assistant: Runs through it"),
                commentary="c",
                notes=("no context",),
            ),
        ),
        ("only prose", Example(notes=("nothing reads as a dialogue: 'only prose'",))),
        ("", Example()),
    ],
)
def test_what_deviates_is_read_and_noted(text: str, example: Example) -> None:
    assert extract(f"<example>{text}</example>").examples == (example,)


def test_an_open_example_ends_at_the_next_and_attributes_are_noted() -> None:
    found = extract("<example>user: 'a' <example type=\"negative\">user: 'b'</example> `<example>` is a tag")
    assert [example.user for example in found.examples] == ["a", "b"]
    assert "the example is not closed" in found.examples[0].notes
    assert 'marked as type="negative"' in found.examples[1].notes


@pytest.mark.parametrize(
    "text",
    [
        '- User: "one"\n  Assistant: "two"\n  (Launch the agent)\n- User: "three"\n  Assistant: "four"\n',
        "user: 'one' -> assistant: 'two' -> <uses it>. Another example: user: 'three' assistant: 'four'",
        "Examples: 1) User: 'one' Assistant: 'two' 2) User: 'three' Assistant: 'four'",
        (
            '1. Before work:\n   - User: "one"\n   - Assistant: "two"\n2. After work:\n   - User: "three"\n'
            '   - Assistant: "four"'
        ),
        (
            'Example 1:\nContext: x\nuser: "one"\nassistant: "two"\nExample 2:\nContext: y\nuser: "three"\n'
            'assistant: "four"'
        ),
    ],
)
def test_untagged_dialogues_are_read_as_well_as_can_be(text: str) -> None:
    found = extract(f"Use this agent for planning.\n{text}")
    assert [(example.user, example.assistant) for example in found.examples] == [
        ("one", "two"),
        ("three", "four"),
    ]
    assert all("untagged: read as well as can be" in example.notes for example in found.examples)
    assert found.notes == ()


@pytest.mark.parametrize(
    "text", ["", "Use it for databases.", "Context: none. The user: a person.", "assistant: 'x'"]
)
def test_a_description_without_dialogue_has_no_examples(text: str) -> None:
    assert extract(text).examples == ()


pieces = st.sampled_from(
    [
        *(
            "Context: ",
            "user: ",
            "assistant: ",
            "agent: ",
            "<commentary>",
            "</commentary>",
            "Dana: ",
            "<user>",
        ),
        *("</user>", '"', "'", "\n", " ", "- ", "1. ", "->", "[does it]", "(word)", "\\n", "it's", "word"),
    ]
)


@given(st.lists(pieces, max_size=30).map("".join))
def test_no_word_of_a_tagged_example_is_dropped(text: str) -> None:
    (example,) = extract(f"<example>{text}</example>").examples
    kept = (example.context, example.commentary, *example.notes, *(turn.text for turn in example.turns))
    assert sum(part.count("word") for part in kept) == text.count("word")


@given(st.lists(pieces | st.sampled_from(["<example>", "</example>"]), max_size=30).map("".join) | st.text())
def test_any_description_is_read(text: str) -> None:
    assert all(isinstance(example, Example) for example in extract(text).examples)


@pytest.mark.parametrize(
    "text",
    [
        'user: "' * 5000,
        "<user>" * 5000,
        "user: 'x" + "' [a" * 5000,
        "\\n" * 20000 + "user: 'x'",
        "<example>" * 5000,
    ],
)
def test_hostile_descriptions_take_no_long_time(text: str) -> None:
    started = time.process_time()
    extract(text)
    assert time.process_time() - started < 5


def test_examples_are_not_looked_for_in_a_giant_description() -> None:
    found = extract("<example>user: 'x'</example>" * 10_000)
    assert found.examples == ()
    assert found.notes
