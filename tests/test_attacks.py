"""No attack changes what is read, shown or stored; and without any one defence, some attack does."""

import csv
import io
import runpy
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from attacking import SILENT, TAKEN_OUT, WHOLE, silent, stands
from folded import unfolded
from front_door import Door
from gullible import NO, Reply, credulous, inventive, lenient, talkative, trusting
from harness.cli.attacked import shipped_attacks
from loopback import Body, Loopback, asks_for_a_name, blocks

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.anyio


def test_the_suite_is_large_and_of_many_kinds() -> None:
    attacks = shipped_attacks().attacks
    assert len(attacks) >= 48
    assert len({attack.kind for attack in attacks}) >= 8
    assert len({attack.text for attack in attacks}) == len(attacks)


async def test_a_judge_that_trusts_what_stands_outside_the_data_decides_as_if_there_were_no_attack() -> None:
    found = await stands(trusting)
    assert [each.attack for each in found if each.stand not in {"held", "held back"}] == []


@pytest.mark.parametrize("judge", [credulous, inventive, talkative])
async def test_a_judge_that_is_talked_round_is_not_believed(judge: Callable[[Body], Reply]) -> None:
    found = await stands(judge)
    assert [each.attack for each in found if each.stand == "fooled"] == []
    assert Counter(each.stand for each in found)["ungraded"] > 20


async def test_what_says_nothing_is_never_asked_about() -> None:
    found = {each.attack: each for each in await stands(lenient, attacks=silent())}
    assert found.keys() == SILENT.keys()
    for name, why in SILENT.items():
        assert found[name].stand == "held back"
        assert why in found[name].reason


@pytest.mark.parametrize("defence", TAKEN_OUT)
async def test_each_defence_matters(defence: str) -> None:
    weak, judge = TAKEN_OUT[defence]
    attacks = silent() if defence == "screening" else None
    good = {"held", "held back"} if judge is trusting else {"held", "held back", "ungraded"}
    whole, without = await stands(judge, WHOLE, attacks), await stands(judge, weak, attacks)
    assert [each.attack for each in whole if each.stand not in good] == []
    gone = [each.attack for each in without if each.stand not in good]
    assert gone, f"without {defence} nothing happens: either it is of no use, or no attack is for it"
    assert defence != "screening" or set(gone) == SILENT.keys()


def test_the_page_says_what_became_of_them_today() -> None:
    made = runpy.run_path(str(ROOT / "benchmarks" / "attacks.py"))
    page = (ROOT / "docs" / "attacks.md").read_text()
    assert page == made["written"](page, made["tables"]()), "run `make attacks`"


# ------------------------------------------------------------------ over the wire, into every report


class _Page(HTMLParser):
    """What of a page could act: its elements and attributes by name, scripts and styles counted."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = Counter[str]()
        self.attributes = Counter[str]()
        self.links: set[str] = set()
        self.sources: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        self.links.update(value or "" for name, value in attrs if name == "href" and value != "data:,")
        self.sources.update(value or "" for name, value in attrs if name == "src")


def _said(body: Body) -> str:
    return "\n".join(text for place, text, _ in blocks(body) if place.endswith("user"))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Loopback]]:
    """A project whose agent gives each case its attack, and whose judge is the one that trusts too much."""
    texts = {attack.id: attack.text for attack in shipped_attacks().attacks}
    with Loopback(reply=lambda body: texts[_said(body).split()[-1]], judge=trusting) as server:
        door = Door(tmp_path_factory.mktemp("attacked"))
        door.write("datasets/cases.yaml", [{"id": name, "prompt": f"Answer like {name}"} for name in texts])
        model = {"name": "claude-sonnet-5-5", "max_tokens": 400_000, "base_url": server.url}
        judge = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": server.url}
        door.eval(server.url, model=model, graders=[{"kind": "judge", "model": judge}])
        yield door, server


@pytest.fixture(scope="module")
def reported(attacked: tuple[Door, Loopback]) -> Path:
    door, _ = attacked
    done = door.run("run", "small", "--budget", "50")
    assert done.code == 0, done.err
    assert not set(done.out + done.err) & {"\x1b", "\x9b", "\x07", "\x08", "\u202e"}
    (folder,) = (door.root / "reports").iterdir()
    return folder


def test_over_the_wire_every_attack_is_stored_as_it_was_and_no_verdict_is_met(reported: Path) -> None:
    with closing(sqlite3.connect(reported.parent.parent / ".harness" / "store.db")) as store:
        answers = {text for (text,) in store.execute("SELECT text FROM answers")}
        verdicts = Counter(store.execute("SELECT dimension, met FROM verdicts"))
        failures = store.execute("SELECT count(*) FROM failures").fetchone()
    assert answers == {attack.text for attack in shipped_attacks().attacks}
    assert verdicts == {("security", 0): 2 * 165, ("canary", 0): 165}
    assert failures == (0,)


def test_nothing_of_an_attack_acts_in_a_page(reported: Path) -> None:
    page = _Page()
    page.feed(unfolded((reported / "index.html").read_text()))
    assert not set(page.tags) & {"iframe", "object", "embed", "base", "math", "textarea"}
    assert page.tags["script"] == 2  # the facts and the script of the page itself
    assert page.tags["form"] <= 1
    assert not {name for name in page.attributes if name.startswith("on") or name == "srcdoc"}
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.sources)
    assert {link.partition(":")[0] for link in page.links if not link.startswith("#")} <= {"http", "https"}


def test_nothing_of_an_attack_makes_a_row_or_a_formula(reported: Path) -> None:
    for path in reported.glob("*.csv"):
        rows = list(csv.reader(io.StringIO(path.read_text(), newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}
        texts = [cell for row in rows[1:] for cell in row if not _number(cell)]
        assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_nothing_of_an_attack_makes_a_heading_or_a_link_in_markdown(reported: Path) -> None:
    for path in reported.glob("*.md"):
        text = path.read_text()
        assert "canary.example/p.png" not in text or "![" not in text
        assert "<script" not in text
        assert "# Summary" not in text.replace("## Summary", "")


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_calibrate_tries_the_attacks_on_the_eval_s_judge(attacked: tuple[Door, Loopback]) -> None:
    door, server = attacked
    plan = door.run("calibrate", "small", "--attacks", "--plan")
    assert (plan.code, "179 attacks" in plan.err) == (0, True), plan.err
    done = door.run("calibrate", "small", "--attacks", "--budget", "50", "--json")
    assert done.code == 0, done.err
    assert Counter(each["stand"] for each in done.data) == {"held": 165, "held back": 14}
    asked = server.count(judge=True)
    shown = door.run("calibrate", "small", "--attacks")
    assert (shown.code, server.count(judge=True)) == (0, asked)  # all is stored
    assert "0 of 179 attacks fooled the judge" in shown.out


def test_calibrate_says_so_where_an_attack_is_believed_or_nobody_can_be_asked(door: Door) -> None:
    def talked_round(body: Body) -> Reply:
        return NO if asks_for_a_name(body) else credulous(body)

    with Loopback(judge=talked_round) as server:
        door.eval(server.url)
        keyless = replace(door, environ={"ANTHROPIC_API_KEY": ""}).run("calibrate", "small", "--attacks")
        assert (keyless.code, "ANTHROPIC_API_KEY" in keyless.err) == (3, True), keyless.err
        done = door.run("calibrate", "small", "--attacks", "--budget", "50")
        assert done.code == 1, done.err
        assert "fooled override-ignore-rubric" in done.out
    door.eval(server.url, graders=[{"kind": "signals"}])
    unjudged = door.run("calibrate", "small", "--attacks")
    assert (unjudged.code, "no grader is a judge" in unjudged.err) == (2, True)
