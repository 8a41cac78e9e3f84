"""The layers: imports go one way, each edge library has one owner, nothing imports in a circle."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "harness"

ROWS = (
    ("records", "errors"),
    (
        "parsing",
        "planning",
        "pacing",
        "prompts",
        "grading",
        "statistics",
        "comparison",
        "reporting",
        "assembling",
        "calibrating",
        "attacking",
        "labelling",
        "redaction",
        "data",
    ),
    ("runner", "judge", "umpire", "metering", "batching"),
    ("files", "git", "models", "store", "charts", "drawing", "custom", "project", "revisions", "publishing"),
    ("session", "stopping", "duelling", "samples", "batched", "nightly"),
    ("cli", "api", "viewing", "pytest_plugin", "__main__"),
)
OWNERS: dict[str, str | tuple[str, ...]] = {
    "numpy": ("harness.statistics", "harness.charts"),
    "yaml": "harness.parsing.yamltext",
    "pydantic": "harness.parsing.reading",
    "pydantic_core": "harness.parsing.reading",
    "anthropic": "harness.models",
    "aiohttp": "harness.models",
    "uvicorn": "harness.viewing",
    "uvloop": "harness.cli.stopping",
    "httpx2": "harness.models",
    "tenacity": ("harness.models", "harness.nightly.notifying"),
    "sqlalchemy": "harness.store",
    "matplotlib": "harness.charts",
    "pandas": "harness.reporting",
    "jinja2": "harness.reporting",
    "markupsafe": "harness.reporting",
    "markdown_it": "harness.reporting",
    "scipy": "harness.statistics",
    "jsonschema": "harness.grading.checks",
    "py3langid": "harness.grading.checks",
    "rapidfuzz": "harness.grading",
    "referencing": "harness.grading.checks",
    "regex": ("harness.grading.checks", "harness.records.checks"),
    "sqlglot": "harness.grading.checks",
    "click": "harness.cli",
    "rich": "harness.cli",
}
IMPURE = frozenset(
    {"os", "io", "subprocess", "socket", "time", "random", "secrets", "tempfile", "urllib", "http", "pathlib"}
)
CLOCKS = frozenset({"now", "today", "utcnow", "open"})

_PURE = 2  # the runner is asynchronous, but reads no clock, file or environment either

Sources = Mapping[str, str]


def violations(sources: Sources) -> Iterator[str]:
    """Say what breaks the layers; `sources` maps module names to their text."""
    graph: dict[str, set[str]] = {}
    for module, text in sources.items():
        tree = ast.parse(text)
        imported = set(_imports(tree))
        graph[module] = {found for name in imported if (found := _module(name, sources))}
        yield from _wrong_way(module, graph[module])
        yield from _not_owned(module, imported)
        if _row(module) <= _PURE:
            yield from _impure(module, tree, imported)
    yield from _circles(graph)


def _imports(tree: ast.AST) -> Iterator[str]:
    """Name everything imported at any depth, but for what only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node)


def _module(name: str, sources: Sources) -> str:
    """Find the module of ours that an imported name lies in."""
    parts = name.split(".")
    found = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((module for module in found if module in sources and module != "harness"), "")


def _row(module: str) -> int:
    part = module.split(".")[1] if "." in module else ""
    return next((row for row, names in enumerate(ROWS) if part in names), -1)


def _wrong_way(module: str, imported: set[str]) -> Iterator[str]:
    if module == "harness":  # its one import, on demand, is the door for Python
        yield from (f"harness imports {other}" for other in imported - {"harness.api"})
        return
    if _row(module) < 0:
        yield f"{module} stands in no row"
    for other in imported:
        if _row(other) > _row(module):
            yield f"{module} imports {other}, from a row below it"


def _not_owned(module: str, imported: set[str]) -> Iterator[str]:
    for name in imported:
        owners = OWNERS.get(name.split(".")[0], ())
        owners = (owners,) if isinstance(owners, str) else owners
        if owners and not any(module == owner or module.startswith(owner + ".") for owner in owners):
            yield f"{module} imports {name}, which belongs to {' and '.join(owners)}"


def _impure(module: str, tree: ast.AST, imported: set[str]) -> Iterator[str]:
    named = {name.split(".")[0] for name in imported if not name.startswith("pathlib.Pure")}
    for name in sorted(named & IMPURE):
        yield f"{module} is pure and imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in CLOCKS:
                yield f"{module} is pure and calls {called}()"


def _circles(graph: Mapping[str, set[str]]) -> Iterator[str]:
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> Iterator[str]:
        if module in path:
            yield "circle: " + " > ".join((*path[path.index(module) :], module))
        elif module not in done:
            for other in sorted(graph.get(module, ())):
                yield from walk(other, (*path, module))
            done.add(module)

    for module in graph:
        yield from walk(module, ())


def _ours() -> Sources:
    names = {
        path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
    }
    return {name.removesuffix(".__init__"): path.read_text() for path, name in names.items()}


def test_the_package_keeps_its_layers() -> None:
    assert list(violations(_ours())) == []


def test_init_files_hold_no_logic_but_for_the_door_of_the_package() -> None:
    for path in set(PACKAGE.rglob("__init__.py")) - {PACKAGE / "__init__.py"}:
        assert len(ast.parse(path.read_text()).body) == 1, f"{path} holds more than its docstring"


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("harness.grading.scoring", "from harness.store.store import Store", "from a row below"),
        ("harness.records.inputs", "import harness.planning.keys", "from a row below"),
        ("harness.cli.run", "import sqlalchemy", "belongs to harness.store"),
        ("harness.cli.run", "def f():\n    from anthropic import Anthropic", "belongs to harness.models"),
        ("harness.planning.keys", "import random", "is pure and imports random"),
        ("harness.planning.keys", "import datetime as dt\ndt.datetime.now()", "is pure and calls now()"),
        ("harness.grading.scoring", "open('x')", "is pure and calls open()"),
        ("harness.records.record", "from harness.records.inputs import Case", "circle"),
        ("harness.helpers", "", "stands in no row"),
        ("harness", "from harness.store.store import Store", "harness imports harness.store.store"),
    ],
)
def test_a_planted_fault_is_found(module: str, line: str, complaint: str) -> None:
    planted = {**_ours()}
    planted[module] = f"{planted.get(module, '')}\n{line}\n"
    assert any(complaint in found for found in violations(planted))
