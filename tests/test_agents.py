import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.parsing.agents import cases_of, read_agent
from harness.records.inputs import Agent, Case, Example, Turn

SHIPPED = Path(__file__).parents[1] / "agents" / "backend-engineer.md"
BODY = "\nYou plan.\n\n---\n\nUse {{this}} and $ARGUMENTS.  \n"


def _read(text: str, source: str = "agents/planner.md") -> Agent:
    return read_agent(text.encode(), source=source)


def _notes(agent: Agent) -> list[tuple[int, str]]:
    return [(note.line, note.text) for note in agent.notes]


def test_the_shipped_agent_is_read_although_its_front_matter_is_not_yaml() -> None:
    data = SHIPPED.read_bytes()
    agent = read_agent(data, source="agents/backend-engineer.md")
    assert (agent.name, agent.model, agent.color) == ("backend-engineer", "inherit", "yellow")
    assert agent.description.startswith(
        "Use this agent when you need to design, implement, or maintain backend"
    )
    assert agent.description.endswith("</commentary></example>")
    assert agent.fields == {}
    first, second = agent.examples
    assert first == Example(
        context="User needs to design a REST API for their task management app.",
        turns=(
            Turn(role="user", text="I need to create an API endpoint for managing tasks in my ADHD app"),
            Turn(
                role="assistant",
                text="I'll use the backend-engineer agent to design a robust API architecture for your task"
                " management system",
            ),
        ),
        commentary="Since the user needs backend API design, use the backend-engineer agent to provide expert"
        " guidance on REST API patterns, data modeling, and system architecture.",
    )
    assert second.user == "My database queries are running slowly and I need to optimize them"
    assert second.assistant.startswith("Let me use the backend-engineer agent to analyze")
    assert second.commentary.startswith("Database optimization requires backend engineering expertise")
    assert data.endswith(b"---\n" + agent.prompt.encode())
    assert agent.prompt.startswith("\nYou are a Senior Backend Engineer")
    assert agent.prompt_hash == hashlib.sha256(agent.prompt.encode()).hexdigest()
    assert agent.file_hash == hashlib.sha256(data).hexdigest()
    assert [note.line for note in agent.notes] == [3]


def test_its_examples_become_cases() -> None:
    agent = read_agent(SHIPPED.read_bytes(), source="agents/backend-engineer.md")
    assert cases_of(agent) == (
        Case(
            id="backend-engineer-example-1",
            title="User needs to design a REST API for their task management app",
            prompt="I need to create an API endpoint for managing tasks in my ADHD app",
            context="User needs to design a REST API for their task management app.",
            tags=("example",),
        ),
        Case(
            id="backend-engineer-example-2",
            title="User is experiencing database performance issues",
            prompt="My database queries are running slowly and I need to optimize them",
            context="User is experiencing database performance issues.",
            tags=("example",),
        ),
    )


EXAMPLE = """\
<example>
Context: A new app.
user: "Plan it"
assistant: "I'll plan"
<commentary>c</commentary>
</example>"""
ONE_LINE = EXAMPLE.replace("\n", " ")
INDENTED = EXAMPLE.replace("\n", "\n  ")
ESCAPED = EXAMPLE.replace('"', '\\"').replace("\n", "\\n")


@pytest.mark.parametrize(
    "description",
    [
        f"'Plans. {ONE_LINE.replace(chr(39), chr(39) * 2)}'",
        f"Plans. {ONE_LINE}",
        f"|\n  Plans.\n  {INDENTED}",
        f">\n  Plans.\n  {INDENTED}",
        f'"Plans. {ESCAPED}"',
        f'"Plans. {ESCAPED.replace(chr(92) + "n", chr(92) * 2 + "n")}"',
        f"Plans. {ESCAPED}",
        f"Plans. Examples:\n\n{EXAMPLE}\n",
        f"Plans: well. Examples:\n{EXAMPLE}",
        f"\n  Plans.\n  {INDENTED}",
        f"\n{EXAMPLE}",
    ],
)
def test_a_description_is_read_in_any_layout(description: str) -> None:
    agent = _read(
        f"---\nname: planner\ndescription: {description}\ntools: Read, Write\nmodel: opus\n---\n{BODY}"
    )
    (example,) = agent.examples
    assert (example.context, example.user, example.commentary) == ("A new app.", "Plan it", "c")
    assert example.assistant == "I'll plan"
    assert (agent.name, agent.model, dict(agent.fields)) == ("planner", "opus", {"tools": "Read, Write"})
    assert agent.prompt == BODY


def test_good_front_matter_leaves_no_notes() -> None:
    agent = _read(f"---\nname: planner\ndescription: |\n  Plans.\n  {INDENTED}\n---\n{BODY}")
    assert agent.notes == ()


def test_a_word_with_a_colon_inside_a_description_is_no_field() -> None:
    dialogue = '<example>\nuser: "Plan it"\nmodel: the big one\nassistant: "ok"\n</example>\nReason: none\n'
    agent = _read(
        f"---\nname: p\ndescription: Plans: all. Examples:\n{dialogue}model: opus\nzzz: 1\n---\nbody"
    )
    assert (agent.model, dict(agent.fields)) == ("opus", {"zzz": "1"})
    assert agent.description.endswith("Reason: none")
    assert agent.examples[0].assistant == "ok"
    assert "text between the turns: model: the big one" in agent.examples[0].notes


def test_other_fields_are_kept_as_they_are_written_and_never_acted_on() -> None:
    agent = _read(
        "---\nname: planner\ndescription: Plans.\nversion: 1.10\ntools:\n  - Read\n  - Write\ncolor: 'red'\n"
        "hooks:\n  PreToolUse: [{command: rm -rf /}]\npermissionMode: bypassPermissions\nempty:\n"
        "quoted: 'a b'\n---\nBody",
    )
    assert dict(agent.fields) == {
        "version": "1.10",
        "tools": "- Read\n- Write",
        "hooks": "PreToolUse: [{command: rm -rf /}]",
        "permissionMode": "bypassPermissions",
        "empty": "",
        "quoted": "a b",
    }
    assert agent.color == "red"
    assert agent.notes == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\nname: p\ndescription: d\nname: q\n---\nbody", 4, "key 'name' occurs twice, first on line 1"),
        ("---\nname: p\ndescription: a: b\nname: q\n---\nbody", 4, "key 'name' occurs twice; left out: 'q'"),
        ("---\nname: p\ndescription: d #1 plan\n---\nbody", 3, "YAML takes text after ' #' for a comment"),
        ("---\nname: p\ndescription: 12\n---\nbody", 3, "description is not text to YAML"),
        ("---\nname: p\ndescription: d\ntools: *\n---\nbody", 4, "not strict YAML (text that starts with *"),
        ("---\njust words\nname: p\ndescription: a: b\n---\nbody", 2, "not a field, left out: 'just words'"),
        ("\n---\nname: p\ndescription: d\n---\nbody", 2, "the opening --- is not at the start of line 1"),
        (
            "<!-- c -->\n  ---\n  name: p\n  description: d\n  ---\nbody",
            2,
            "the opening --- is not at the start",
        ),
        ("```markdown\n---\nname: p\ndescription: d\n---\nbody", 2, "the opening --- is not at the start"),
        ("name: p\ndescription: d\n---\nbody", 1, "the front matter has no opening ---"),
        ("---\nname: p\ndescription: d\n...\nbody", 4, "closed by ..., not ---"),
        ("---\nname: p\ndescription: d\n\u2014\u2014\nbody", 4, "closed by \u2014\u2014, not ---"),
        ("---\nname: p\ndescription: d\n\nbody", 4, "no closing ---; it is read up to this blank line"),
        ("---\nname: p\ndescription: d\nbody: on\n---\nbody", 4, "on is true or false to some YAML tools"),
        ("---\nname: p\nmetadata:\n  description: d\n---\nbody", 4, "the description is inside metadata"),
        ("---\ndescription: d\n---\nbody", 1, "no name; the file's is used: p"),
        ("\ufeff---\nname: p\ndescription: d\n---\nbody", 1, "byte order mark"),
        ("---\r\nname: p\r\ndescription: d\r\n---\r\nbody", 1, "line ends are CRLF"),
    ],
)
def test_what_deviates_is_read_and_noted_with_its_line(text: str, line: int, words: str) -> None:
    agent = _read(text, "some/p.md")
    assert (agent.name, agent.prompt) == ("p", "body")
    assert agent.description[:1] in {"d", "a", "1"}
    assert [(at, words in note) for at, note in _notes(agent) if words in note] == [(line, True)]


def test_notes_on_an_example_have_its_line() -> None:
    agent = _read(
        "---\nname: p\ndescription: |\n  Plans.\n  <example>\n  user: 'a'\n  assistant: 'b'\n"
        "  <commentary>c</commentary></example>\n  <example>nothing</example>\n---\nbody",
    )
    assert _notes(agent) == [
        (5, "example 1: no context"),
        (9, "example 2: nothing reads as a dialogue: 'nothing'"),
        (9, "example 2: neither a user turn nor a context, so no case"),
    ]
    assert [case.id for case in cases_of(agent)] == ["p-example-1"]


def test_without_front_matter_the_whole_file_is_the_prompt() -> None:
    for text in ("# Title\n\nname: x\n", "---\nno end", "plain\n---\nrest"):
        agent = _read(text, "HEAD~1:agents/ufc.fighter.md")
        assert (agent.name, agent.description, agent.prompt) == ("ufc.fighter", "", text)
        assert agent.examples == ()
        assert len(agent.notes) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("---\nname: p\ndescription: dé\n---\nbodé".encode("utf-16"), "encoded as UTF-16"),
        ("---\nname: p\ndescription: dé\n---\nbodé".encode("cp1252"), "not UTF-8; read as Windows-1252"),
    ],
)
def test_other_encodings_are_read_and_noted(data: bytes, words: str) -> None:
    agent = read_agent(data, source="p.md")
    assert (agent.description, agent.prompt) == ("dé", "bodé")
    assert [note.text for note in agent.notes] == [words]
    assert agent.file_hash == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "must hold a prompt, but the file is empty"),
        (b"---\n", "must hold a prompt, but the file is empty or a fence alone"),
        (b"---\nname: p\ndescription: d\n---\n\n  \n", "line 4: must hold a prompt, but nothing follows"),
        (b"---\nname: p\ndescription: d\n---", "must hold a prompt, but nothing follows the closing ---"),
        (b"\x89PNG\r\n\x1a\n\0\0", "must be a text file, but it holds NUL characters"),
        (b"\xff\xfe\x00", "must be a text file, but it begins like UTF-16 but is not"),
        (b"abc \x81\x8d", "must be a text file, but it is neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_file_that_is_no_agent_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_agent(data, source="agents/p.md")
    assert str(caught.value).startswith("agents/p.md: 1 to mend")
    assert words in str(caught.value)
    assert caught.value.faults[0].hint


def test_an_example_without_a_user_gives_an_event() -> None:
    agent = _read(
        "---\nname: Test Expert\ndescription: |\n"
        "  <example>Context: The build broke on main. Nobody has seen it.\n"
        "  assistant: 'I look at it'</example>\n  <example>user: 'Look, please, at the very long list of "
        "things that is written here for its length'</example>\n---\nbody",
    )
    event, asked = cases_of(agent)
    assert event == Case(
        id="Test-Expert-example-1",
        title="The build broke on main",
        prompt="The build broke on main. Nobody has seen it.",
        tags=("example", "event"),
    )
    assert asked.id == "Test-Expert-example-2"
    assert asked.title == "Look, please, at the very long list of things that is written here …"


files = st.lists(
    st.sampled_from(
        [
            *(
                "---\n",
                "name: p\n",
                "description: ",
                "d\n",
                "a: b",
                "\n",
                "\r\n",
                "\r",
                "...\n",
                "```\n",
                "<!-- ",
                "-->\n",
            ),
            *(
                "<example>",
                "user: 'x'",
                "|\n",
                "  ",
                "tools: *\n",
                "\ufeff",
                "\0",
                "'",
                '"',
                "\u2014\n",
                "&a ",
                "body",
            ),
        ]
    ),
    max_size=25,
).map("".join)


@given(
    files.map(str.encode)
    | st.binary()
    | st.text().map(str.encode)
    | files.map(lambda text: text.encode("utf-16"))
)
def test_any_bytes_are_read_or_refused_with_an_input_error(data: bytes) -> None:
    try:
        agent = read_agent(data, source="a.md")
    except InputError as error:
        assert error.faults  # noqa: PT017
    else:
        assert agent.prompt.strip()
        assert agent.name
        assert all(note.line >= 1 for note in agent.notes)
        assert len(cases_of(agent)) <= len(agent.examples)


@given(files | st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_the_prompt_is_exactly_the_tail_of_the_file(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        agent = read_agent(text.encode(), source="a.md")
    except InputError:
        return
    assert plain.endswith(agent.prompt)
    assert agent.prompt == plain.removeprefix("\ufeff") or plain.removesuffix(agent.prompt).endswith("\n")
