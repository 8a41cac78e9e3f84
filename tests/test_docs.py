"""The documents are true: commands exist, output is today's, files validate, code runs, links lead somewhere.

In an info string, a path after the language names the file that a block is (`yaml evals/mine.yaml`); `wrong`
after the path says that the file must be refused. A `console` block with output is run in a fresh project
with the shipped files and the named ones of its document, and must be what an 80-column terminal shows;
`HARNESS_GOLDEN=1` writes it anew.
"""

import doctest
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli.leaving import INTERRUPTED
from harness.cli.main import BUG, CLOSED, COMMANDS, harness
from harness.errors import HarnessError, InputError
from harness.parsing.agents import read_agent
from harness.parsing.reading import read
from harness.parsing.yamltext import parse
from harness.planning.keys import run_id
from harness.records.inputs import Dataset, Eval, Gate, ModelSpec, Pairwise, Rubric
from harness.records.outcomes import Request
from making import manifest
from test_architecture import ROWS

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md")))
FOLDERS = sorted(ROOT.glob("*/README.md"))
SHIPPED = ("agents", "datasets", "evals", "pyproject.toml")

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is where its text begins."""

    page: Path
    line: int
    language: str
    name: str
    wrong: bool
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _short(page: Path) -> str:
    return f"{page.parent.name}/{page.name}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, name, wrong = [*found["info"].split(), "", "", ""][:3]
        line = text.count("\n", 0, found.start()) + 2
        yield Block(page, line, language, name, wrong == "wrong", found["text"])


BLOCKS = [block for page in PAGES for block in blocks(page)]


def of_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def the_block(page: str, name: str) -> Block:
    return next(block for block in blocks(ROOT / page) if block.name == name)


def table(page: str, heading: str) -> list[list[str]]:
    """Give the cells of the first table below a heading, without its first two lines."""
    text = (ROOT / page).read_text(encoding="utf-8")
    _, _, below = text.partition(f"\n{heading}\n")
    rows = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert rows, f"{page} has no table under {heading}"
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[0].splitlines()[2:]]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# ------------------------------------------------------------------ commands


def typed(block: Block) -> list[str]:
    return [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]


def complaint(command: str) -> str:
    """Say why a command could not be typed; empty when it could."""
    program, *arguments = shlex.split(command.removesuffix(" 2>/dev/null"), comments=True)
    if program == "make":
        known = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        unknown = [name for name in arguments if "=" not in name and name not in known]
        return f"no target {unknown}" if unknown else ""
    if program == "harness":
        try:
            _typed_to_harness(*arguments)
        except click.exceptions.Exit:
            return ""  # --help and --version have done their work
        except click.ClickException as error:
            return error.format_message()
        return ""
    return "" if program in {"export", "git"} else f"no test knows what {program} is"


def _typed_to_harness(name: str, *rest: str) -> None:
    outer = click.Context(harness, info_name="harness")
    if name.startswith("-"):
        harness.make_context("harness", [name, *rest])
    elif (found := harness.get_command(outer, name)) is None:
        msg = f"no command {name}"
        raise click.UsageError(msg)
    else:
        found.make_context(name, list(rest), parent=outer)


@pytest.mark.parametrize("block", of_language("console"), ids=str)
def test_a_command_in_a_document_can_be_typed(block: Block) -> None:
    assert typed(block), "a console block begins its commands with $"
    assert {command: complaint(command) for command in typed(block)} == dict.fromkeys(typed(block), "")


@pytest.mark.parametrize(
    "command", ["harness forecast demo", "harness run demo --quick", "harness run", "make coffee", "curl x"]
)
def test_a_command_that_does_not_exist_would_be_found(command: str) -> None:
    assert complaint(command)


def project(folder: Path, page: Path) -> Path:
    """Set up what a reader of the page has in front of them: the shipped files, and those the page names."""
    for name in SHIPPED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    for block in blocks(page):
        if block.name and block.language in {"yaml", "markdown"}:
            (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.name).write_text(block.text, encoding="utf-8")
    return folder


def transcript(commands: list[str], folder: Path) -> str:
    """Type the commands in a terminal of 80 columns and give what it shows, the folder's path cut short."""
    environ = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    shown = []
    for command in commands:
        _, *arguments = shlex.split(command.removesuffix(" 2>/dev/null"))
        aside = subprocess.DEVNULL if command.endswith("2>/dev/null") else subprocess.STDOUT
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=aside,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode != BUG, done.stdout
        shown += [f"$ {command}", *done.stdout.replace(str(folder.resolve()), "…").splitlines()]
    return "".join(f"{line.rstrip()}\n" for line in shown)


def has_output(block: Block) -> bool:
    return any(not line.startswith("$ ") for line in block.text.splitlines())


@pytest.mark.parametrize("block", [b for b in of_language("console") if has_output(b)], ids=str)
def test_output_in_a_document_is_what_is_printed_today(block: Block, tmp_path: Path) -> None:
    now = transcript(typed(block), project(tmp_path, block.page))
    if os.environ.get("HARNESS_GOLDEN"):
        page = block.page.read_text(encoding="utf-8")
        block.page.write_text(page.replace(f"\n{block.text}```", f"\n{now}```"), encoding="utf-8")
        return
    assert now == block.text, f"{block} is out of date; HARNESS_GOLDEN=1 rewrites it for review"


# ------------------------------------------------------------------ files and code


def validate(block: Block) -> None:
    folder = str(Path(block.name).parent)
    kinds = {"evals": Eval, "evals/rubrics": Rubric, "datasets": Dataset}
    if block.language == "markdown":
        assert not read_agent(block.text.encode(), source=block.name).notes
    elif folder in kinds:
        read(kinds[folder], block.text, source=block.name)
    else:
        assert parse(block.text).faults == ()


@pytest.mark.parametrize("block", of_language("yaml", "markdown"), ids=str)
def test_a_file_in_a_document_is_read_or_refused_as_the_document_says(block: Block) -> None:
    if block.wrong:
        with pytest.raises(InputError):
            validate(block)
    else:
        validate(block)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_the_files_of_a_document_fit_the_shipped_ones(page: Path, tmp_path: Path) -> None:
    named = [block.name for block in blocks(page) if block.name and not block.wrong]
    files = [name for name in named if name.endswith((".yaml", ".md"))]
    assert files
    said = transcript([shlex.join(["harness", "check", *files])], project(tmp_path, page))
    assert re.search(rf"^{len(files)} files? read, 0 to mend$", said, re.MULTILINE), said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_a_document_runs(page: Path, tmp_path: Path) -> None:
    code = [block for block in blocks(page) if block.language == "python"]
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(block.text for block in code if ">>> " not in block.text), encoding="utf-8")
    defined = runpy.run_path(str(script))
    for name, law in defined.items():
        if name.startswith("test_"):
            law()
    for block in code:
        examples = doctest.DocTestParser().get_doctest(block.text, dict(defined), str(block), str(page), 0)
        assert doctest.DocTestRunner().run(examples).failed == 0, block


# ------------------------------------------------------------------ links and lists


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, *FOLDERS], ids=_short)
def test_a_relative_link_leads_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in _LINK.finditer(text):
        target, _, anchor = found["target"].partition("#")
        if re.match(r"\w+:", target):
            continue
        path = (page.parent / target) if target else page
        assert path.exists(), f"{page.name}: {target} is not there"
        assert not anchor or anchor in anchors(path), f"{page.name}: {target}#{anchor} is no heading"


def test_the_readme_names_every_exit_code() -> None:
    errors = {kind.exit_code for kind in HarnessError.__subclasses__()}
    codes = {int(row[0]) for row in table("README.md", "## Exit codes")}
    assert codes == {0, 1, 4, *errors, BUG, INTERRUPTED, CLOSED}


@pytest.mark.parametrize("page", [*PAGES, *FOLDERS], ids=_short)
def test_a_command_named_in_a_sentence_exists(page: Path) -> None:
    commands = {name for group in COMMANDS.values() for name, _ in group}
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    assert set(re.findall(r"`harness ([a-z]+)", text)) <= commands
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets


def test_every_folder_in_the_readme_s_tree_is_there() -> None:
    named = [line.split()[0] for line in the_block("README.md", "tree").text.splitlines()]
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_picture_of_the_rows_is_the_one_that_is_enforced() -> None:
    picture = the_block("docs/architecture.md", "rows").text.splitlines()
    assert tuple(tuple(line.split()) for line in picture if not line.startswith(" ")) == ROWS


def test_the_module_table_is_complete() -> None:
    said = {quoted(row[0])[0].strip("/"): row[1] for row in table("docs/architecture.md", "## Modules")}
    package = ROOT / "harness"
    there = {path.stem: path for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert said.keys() == there.keys() - {"__init__", "__pycache__"}
    for name, cell in said.items():
        modules = {path.stem for path in there[name].glob("*.py")} - {"__init__"}
        assert modules <= set(quoted(cell)), f"{name}: the table leaves out {modules - set(quoted(cell))}"


def test_the_parts_of_an_answer_key_are_all_named() -> None:
    rows = {row[0]: row[1] for row in table("docs/architecture.md", "## Keys")}
    assert set(quoted(rows["answer"])) == {field.name for field in fields(Request)}


def test_what_a_run_is_not_known_by_is_all_named() -> None:
    changes: dict[str, Any] = {
        "agent": "agents/other.md",
        "budget": 1.0,
        "concurrency": 2,
        "max_missing": 0.5,
        "candidates": ("HEAD~1",),
        "gate": Gate(),
        "pairwise": Pairwise(model=ModelSpec(name="claude-haiku-5-5")),
        "seed": 1,
        "notes": ("a note",),
    }
    rows = {row[0]: row[2] for row in table("docs/architecture.md", "## Keys")}
    assert set(quoted(rows["run"])) == changes.keys()
    for name, value in changes.items():
        change: dict[str, Any] = {name: value}
        assert run_id(manifest(**change)) == run_id(manifest())
    assert run_id(manifest(attempts=2)) != run_id(manifest())


def test_every_dependency_has_its_reason() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *settings["project"]["dependencies"],
        *settings["dependency-groups"]["dev"],
        *(name for extra in settings["project"]["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[<>=!~ \[]", requirement)[0].lower() for requirement in asked}
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, below = page.partition("\n## Dependencies\n")
    rows = re.findall(r"^\| (`.*?) \| .+ \|$", below, re.MULTILINE)
    assert sorted(name.lower() for row in rows for name in quoted(row)) == sorted(names)
