"""Sixty nights whose truth is known: what did `harness nightly` say of each?

    python benchmarks/nights.py [--nights 60] [--seeds 1 2 3] [--write]
    python benchmarks/nights.py --quiet [--series 3000]
    python benchmarks/nights.py --size

Each night is the command itself with the real SDK against a server on 127.0.0.1, whose agent and judge behave
as told: 12 cases, 3 attempts, two arms, six criteria, 20 sentinels. How often a criterion is met differs from
case to case; an answer scatters by about 13 points. The judge reads one verdict in fifty the wrong way.

Twenty nights are quiet. Then the prompt gets worse, and is accepted three nights later; the judge turns
stricter; the provider changes the model; and for one night it is down. After each alarm an owner
acknowledges it with `harness accept` (and pins the control anew, once the worse prompt is accepted).

`--quiet` counts false alarms instead, of the gate and the trend: series of 80 nights in which nothing
happens, from the first night of a new eval, and after twenty more. `--size` says how often the shipped
nightly eval passes if nothing changed. `--write` puts the tables and the picture into docs/.
"""

import argparse
import hashlib
import json
import math
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from front_door import Door
from harness.comparison.waking import OF_ONE_NIGHT, WAKING
from harness.project import load
from harness.statistics.power import GateRule, Scatter, decided, design
from harness.statistics.trend import Night, cusum
from loopback import Body, Loopback, answer_in, blocks
from town import inside

SHIPPED = Path(__file__).parent.parent / "evals" / "nightly.yaml"
DOCUMENT = Path(__file__).parent.parent / "docs" / "nightly.md"
CASES, ATTEMPTS = 12, 3
CRITERIA: Mapping[str, tuple[str, ...]] = {
    "architecture": ("a1", "a2", "a3"),
    "security": ("s1", "s2", "s3"),
}
MET = 0.7
WRONG = 0.02
_GATED = ("overall", "security", "architecture", "tradeoffs")
_GATE = GateRule(margins={"overall": 8.0, "security": 10.0}, looks=2)  # as the shipped eval asks
AGENT = "---\nname: helper\ndescription: Helps.\n---\n\nYou are an engineer. Prompt number {number}.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens before a night, and what a right verdict on it names as the cause.

    `points` is what it takes of an answer that would score 70 otherwise.
    """

    night: int
    words: str
    cause: str
    points: int = 0


EVENTS = (
    Event(night=21, words="the prompt got worse", cause="prompt", points=12),
    Event(night=33, words="the judge turned stricter", cause="judge", points=12),
    Event(night=44, words="the provider changed the model", cause="model", points=12),
    Event(night=55, words="the provider was down", cause="outage"),
)
ACCEPTED_AFTER = 3
"""Nights for which the worse prompt stands before it is accepted; what is no prompt's doing is at once."""


@dataclass
class World:
    """What the agent and the judge are like on the night that is on."""

    seed: int
    night: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    model: int = 0
    strict: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def reply(self, body: Body) -> str:
        """Answer: meet each criterion as often as this case and prompt do, and say which were met."""
        question = " ".join(text for place, text, _ in blocks(body) if place.endswith("user"))
        system = " ".join(text for place, text, _ in blocks(body) if place == "system")
        asked = f"{system}/{question}"
        self.asked[asked] += 1
        lost = self.lost.get(re.findall(r"Prompt number (\d+)", system)[0], 0) + self.model
        toss = random.Random(f"{self.seed}/{asked}/{self.asked[asked]}")  # noqa: S311 - a coin, no secret
        made = [
            name
            for names in CRITERIA.values()
            for name in names
            if toss.random() < self._chance(question, name) * (1 - lost / (100 * MET))
        ]
        return "\n\n".join([f"Answer {toss.random()}.", *(f"Point {name} is made here." for name in made)])

    def judge(self, body: Body) -> dict[str, object]:
        """Say what the answer says, but for one verdict in fifty, and for what a strict judge drops."""
        asked = re.findall(r"Makes point (\w+)\.", " ".join(text for _, text, _ in blocks(body)))[-1]
        answer, quote = answer_in(body), f"Point {asked} is made here."
        met = quote in answer
        said = hashlib.sha256(f"{self.seed}/{answer}/{asked}/{self.night}".encode()).digest()
        first, second = (int.from_bytes(said[part : part + 4]) / 2**32 for part in (0, 4))
        if met and (first < WRONG or second < self.strict / (100 * MET)):
            met = False
        elif not met and first < WRONG:
            met, quote = True, answer.split("\n")[0]
        return {"quote": quote if met else "", "reason": "It says so.", "met": met}

    @property
    def truth(self) -> float:
        """What the live prompt scores on the mean, but for the judge's slips."""
        lost = max(self.lost.values(), default=0) + self.model
        return (100 * MET - lost) * (1 - self.strict / (100 * MET))

    def _chance(self, question: str, name: str) -> float:
        """How often this case meets a criterion: mostly often or seldom, 0.7 on the mean."""
        return random.Random(f"{self.seed}/{question}/{name}").betavariate(0.7, 0.3)  # noqa: S311 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A night's truth beside what was said of it."""

    night: int
    truth: str
    cause: str
    code: int
    said: str
    live: float | None
    control: float | None
    sentinels: float | None
    done: str


def main() -> None:
    """Print the table of nights, or that of false alarms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[1, 2, 3], help="the first one's nights are shown"
    )
    parser.add_argument("--series", type=int, default=3000)
    parser.add_argument("--quiet", action="store_true", help="count false alarms instead")
    parser.add_argument("--size", action="store_true", help="foretell the shipped eval's gate instead")
    parser.add_argument("--write", action="store_true", help="put tables and picture into docs/")
    wanted = parser.parse_args()
    first, *_ = wanted.seeds
    for name, asked in (("quiet", wanted.quiet), ("size", wanted.size)):
        if asked or wanted.write:
            text = quiet(wanted.series, first) if name == "quiet" else size(first)
            print(text)
            if wanted.write:
                _put(name, text)
    if not (wanted.quiet or wanted.size):
        found = {seed: list(simulated(wanted.nights, seed)) for seed in wanted.seeds}
        text = "\n\n".join((summary(found), table(found[first])))
        print(text)
        if wanted.write:
            _put("nights", text)
            _draw(found[first])


# ------------------------------------------------------------------ sixty nights


def simulated(nights: int, seed: int) -> Iterator[Told]:
    """Spend the nights one after the other, each through the command."""
    world = World(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        Loopback(reply=world.reply, judge=world.judge) as server,
    ):
        door = Door(Path(folder) / "project")
        _settle(door, server.url)
        owner = _Owner(door)
        for night in range(1, nights + 1):
            world.night = night
            event = next((each for each in EVENTS if each.night == night), None)
            before = world.truth
            if event:
                _happen(event, world, door, server)
            told = _night(door, night, event, world.truth - before)
            server.faults.clear()
            server.forget()
            done = owner.look(told, night)
            yield Told(**{**told, "done": done})
            print(f"night {night}: {told['said']}", file=sys.stderr)


def _night(door: Door, night: int, event: Event | None, moved: float) -> dict[str, Any]:
    done = inside(door, "nightly", "town", "--night", f"{night:02}", "--yes", "--json")
    if not done.out:
        sys.exit(done.err)
    (found,) = done.data["evals"]
    regraded = found["sentinels"]
    graded = regraded and regraded["items"] - regraded["ungraded"]
    return {
        "night": night,
        "truth": event.words + (f" (−{-moved:.1f})" if moved else "") if event else "",
        "cause": (found["attribution"] or {}).get("cause", ""),
        "code": found["code"],
        "said": found["words"],
        "live": found["live"] and found["live"]["scores"].get("overall"),
        "control": found["control"] and found["control"]["scores"].get("overall"),
        "sentinels": 100 * regraded["met"] / graded if graded else None,
    }


def _happen(event: Event, world: World, door: Door, server: Loopback) -> None:
    match event.cause:
        case "prompt":
            world.lost["2"] = event.points
            door.write("agents/helper.md", AGENT.format(number=2))
        case "judge":
            world.strict = event.points
        case "model":
            world.model = event.points
        case _:
            server.fail("529,x-should-retry=false")


@dataclass
class _Owner:
    """Acknowledges each alarm: a worse prompt after some nights, anything else at once."""

    door: Door
    since: int = 0

    def look(self, told: Mapping[str, Any], night: int) -> str:
        if told["code"] != 1:
            self.since = 0
            return ""
        self.since = self.since or night
        if told["cause"] == "prompt" and night < self.since + ACCEPTED_AFTER:
            return ""
        why = f"seen: {told['cause']}"
        done = inside(self.door, "accept", "live", "--why", why, "--by", "owner")
        if done.code:
            sys.exit(done.err)
        self.since = 0
        if told["cause"] != "prompt":
            return "accepted"
        self.door.write("agents/pinned.md", (self.door.root / "agents" / "helper.md").read_text())
        return "accepted, control pinned anew"


def _settle(door: Door, url: str) -> None:
    door.write("agents/helper.md", AGENT.format(number=1))
    door.write("agents/pinned.md", AGENT.format(number=1))
    for name, points in CRITERIA.items():
        criteria = [{"id": point, "text": f"Makes point {point}."} for point in points]
        door.write(f"evals/rubrics/{name}.yaml", {"dimension": name, "criteria": criteria})
    door.cases(*(f"case-{number}" for number in range(CASES)))
    door.write("datasets/sentinels.jsonl", "".join(f"{json.dumps(_sentinel(n))}\n" for n in range(20)))
    door.eval(
        url,
        rubrics=[f"evals/rubrics/{name}.yaml" for name in CRITERIA],
        attempts=ATTEMPTS,
        nightly={"control": "agents/pinned.md", "sentinels": "datasets/sentinels.jsonl"},
        gate={"margin": 10, "dimensions": ["overall"], "allow_uncalibrated": True},
    )
    (door.root / "evals" / "small.yaml").rename(door.root / "evals" / "town.yaml")


def _sentinel(number: int) -> dict[str, object]:
    names = [name for of_dimension in CRITERIA.values() for name in of_dimension]
    name, met = names[number % len(names)], bool(number % 2)
    said = f"Point {name} is made here." if met else "Nothing is said of it."
    return {
        "id": f"sentinel-{number}",
        "question": f"How do I build {number}?",
        "answer": f"Frozen answer {number}.\n\n{said}",
        "dimension": next(of for of, known in CRITERIA.items() if name in known),
        "criterion": {"id": name, "text": f"Makes point {name}."},
        "met": met,
    }


# ------------------------------------------------------------------ what came of them


def summary(found: Mapping[int, Sequence[Told]]) -> str:
    """Say of each event when it was seen and what was named as its cause, and count false alarms."""
    rows = [
        "| seed | planted | night | seen in night | named | false alarms | inconclusive |",
        "|--:|---|--:|--:|---|--:|--:|",
    ]
    for seed, told in found.items():
        explained: set[int] = set()
        lines = []
        for event, end in zip(EVENTS, (*(each.night for each in EVENTS[1:]), math.inf), strict=True):
            wanted = 5 if event.cause == "outage" else 1
            seen = [each for each in told if event.night <= each.night < end and each.code == wanted]
            explained.update(each.night for each in seen)
            causes = dict.fromkeys(each.cause or "incomplete" for each in seen)
            truth = next((each.truth for each in told if each.night == event.night), event.words)
            when = str(seen[0].night) if seen else "never"
            lines.append(f"{truth} | {event.night} | {when} | {', then '.join(causes) or '–'}")
        false = sum(each.code == 1 and each.night not in explained for each in told)
        open_ = sum(each.code == 4 for each in told)
        rows += [f"| {seed} | {lines[0]} | {false} | {open_} of {len(told)} |"]
        rows += [f"| | {line} | | |" for line in lines[1:]]
    return "\n".join(rows)


def table(told: Sequence[Told]) -> str:
    """Give every night: the truth, the scores, what was said."""
    rows = [
        "| night | truth | live | control | sentinels met | said | the owner |",
        "|--:|---|--:|--:|--:|---|---|",
    ]
    for each in told:
        scores = (
            "–" if value is None else f"{value:.1f}" for value in (each.live, each.control, each.sentinels)
        )
        words = {0: "holds", 1: f"**REGRESSION**: {each.cause}", 4: "inconclusive", 5: "incomplete"}
        cells = (str(each.night), each.truth, *scores, words.get(each.code, str(each.code)), each.done)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _draw(told: Sequence[Told]) -> None:
    """Draw live, control and sentinels over the nights, with what was planted and what was raised."""
    from matplotlib import rc_context  # noqa: PLC0415 - only for the picture
    from matplotlib.figure import Figure  # noqa: PLC0415 - only for the picture

    from harness.reporting import chart as house  # noqa: PLC0415 - as above

    figure = Figure(figsize=(9, 4.2), facecolor=house.PAPER, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for name, color in (("live", house.CANDIDATE), ("control", house.BASE)):
        points = [(each.night, getattr(each, name)) for each in told if each.code in {0, 1, 4}]
        upper.plot(*zip(*points, strict=True), color=color, linewidth=1.6, label=name)
    for code, mark, name in ((1, "v", "regression"), (5, "x", "incomplete")):
        nights = [each.night for each in told if each.code == code]
        upper.plot(nights, [26] * len(nights), mark, color=house.INK, markersize=6, label=name)
    for event in EVENTS:
        for axes in (upper, lower):
            axes.axvline(event.night - 0.5, color=house.SOFT, linewidth=1, linestyle=":")
        upper.text(event.night, 90, "\n".join(wrap(event.words, 16)), fontsize=8, color=house.SOFT, va="top")
    points = [(each.night, each.sentinels) for each in told if each.sentinels is not None]
    lower.plot(*zip(*points, strict=True), color=house.INK, linewidth=1.2)
    upper.set(ylabel="overall, points", ylim=(22, 91))
    lower.set(xlabel="night", ylabel="sentinels met, %", ylim=(20, 65), xlim=(0, 62))
    upper.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.05), ncols=2)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    target = DOCUMENT.parent / "images" / "nights.svg"
    with rc_context({"svg.hashsalt": "harness"}):  # the same picture is the same file
        figure.savefig(target, metadata={"Date": None})


# ------------------------------------------------------------------ false alarms


def quiet(series: int, seed: int) -> str:
    """Count series of 80 quiet nights in which overall or security would have woken someone."""
    begun = ("from the first night", "after 20 nights", "after 20 at another level")
    rows = [f"| cases × attempts | by the gate alone | {' | '.join(begun)} |", "|---|--:|--:|--:|--:|"]
    for cases in (12, 20, 40):
        starts = ((0, False), (20, False), (20, True))
        found = [_alarmed(cases, before, series, seed, cut=cut) for before, cut in starts]
        gates = sum(gate for gate, _ in found) / len(found)
        shares = [gates, *(either for _, either in found)]
        rows.append(f"| {cases} × {ATTEMPTS} | {' | '.join(f'{100 * s:.1f} %' for s in shares)} |")
    return "\n".join(rows)


def _alarmed(cases: int, before: int, series: int, seed: int, *, cut: bool) -> tuple[float, float]:
    """Give the share of series with an alarm by the gate, and by the gate or the trend.

    `cut` says that the nights before were at another level.
    """
    toss = np.random.Generator(np.random.PCG64([seed, cases, before]))
    gates = either = 0
    for _ in range(series):
        drawn = _answers(toss, before + 80, cases)
        level = toss.normal(75, 0.8, before + 80)  # a night wobbles for all
        lines = [(level + drawn[:, 1, :, :, place].mean(axis=(1, 2))).tolist() for place in (0, 1)]
        gate = _woken(toss, drawn[before:])
        gates += gate
        either += gate or any(_raised(line, before, cut=cut) for line in lines)
    return gates / series, either / series


def _answers(toss: np.random.Generator, nights: int, cases: int) -> NDArray[np.float64]:
    """Draw (night, arm, case, attempt, score): overall, which scatters by 12.4 points, and its dimensions."""
    dimensions = toss.normal(0, 12.4 * math.sqrt(3), (nights, 2, cases, ATTEMPTS, 3))
    return np.concatenate([dimensions.mean(axis=4, keepdims=True), dimensions], axis=4)


def _woken(toss: np.random.Generator, drawn: NDArray[np.float64]) -> bool:
    """Say whether the gate failed on any of these nights, and failed again on fresh attempts.

    One that is open is looked at once more at twice the attempts.
    """
    nights, cases = len(drawn), drawn.shape[2]
    passed, failed = decided(drawn, _GATED, _GATE)
    is_open = np.asarray(~failed.any(axis=1) & ~passed.all(axis=1))
    more = np.concatenate([drawn, _answers(toss, nights, cases)], axis=3)
    _, later = decided(more, _GATED, _GATE)
    for found, attempts in ((failed, 1), (later & is_open[:, None], 2)):
        again = found[np.asarray(found.any(axis=1))]
        if len(again):
            fresh = [_answers(toss, len(again), cases) for _ in range(attempts)]
            _, confirmed = decided(np.concatenate(fresh, axis=3), _GATED, _GATE)
            if (again & confirmed).any():
                return True
    return False


def _raised(line: Sequence[float], before: int, *, cut: bool) -> bool:
    nights = [Night(at=f"{night:04}", value=value) for night, value in enumerate(line)]
    if cut:
        steps = cusum(nights[before:], most=OF_ONE_NIGHT, earlier=[line[:before]])
    else:
        steps = cusum(nights, most=OF_ONE_NIGHT)[before:]
    return any(step.down > WAKING for step in steps)


# ------------------------------------------------------------------ the shipped eval


def size(seed: int) -> str:
    """Foretell how often the shipped nightly eval passes if nothing changed, as it is and topped up."""
    material = load(SHIPPED)
    gate, cases = material.eval.gate, len(material.cases)
    names = ("overall", *(rubric.dimension for rubric in material.rubrics))
    if gate is None:
        sys.exit(f"{SHIPPED} has no gate")
    asked = GateRule(margins={name: gate.margin_of(name) for name in gate.gated(names[1:])}, looks=2)
    rows = ["| attempts | scatter of an answer, overall | PASS | open | FAIL |", "|--:|--:|--:|--:|--:|"]
    for spread in (10.0, 12.4, 15.0):
        for attempts in (material.eval.attempts, 2 * material.eval.attempts):
            chance = design(_scatter(names, spread, seed), cases, attempts, rule=asked, seed=seed).gate
            if chance:
                cells = (f"{100 * chance[word]:.0f} %" for word in ("PASS", "INCONCLUSIVE", "FAIL"))
                rows.append(f"| {attempts} | {spread:g} points | {' | '.join(cells)} |")
    gates = ", ".join(f"{name} {margin:g}" for name, margin in asked.margins.items())
    return "\n".join((*rows, "", f"{cases} cases; margins: {gates}."))


def _scatter(names: Sequence[str], spread: float, seed: int) -> Scatter:
    """Draw what answers scatter by: dimensions apart from each other, so that each scatters by more."""
    toss = random.Random(f"{seed}/{spread}")  # noqa: S311 - a coin, no secret
    dimensions = len(names) - 1
    residuals = []
    for _ in range(12):
        drawn = [
            [toss.gauss(0, spread * math.sqrt(dimensions)) for _ in range(dimensions)] for _ in range(50)
        ]
        residuals.append(tuple((sum(one) / dimensions, *one) for one in drawn))
    return Scatter(
        names=tuple(names),
        attempts=dict.fromkeys(names, spread**2),
        cases=None,
        residuals=tuple(residuals),
        runs=1,
        pairs=0,
        freedom=0,
    )


def _put(name: str, text: str) -> None:
    """Replace what stands between a block's marks in the document."""
    page = DOCUMENT.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    DOCUMENT.write_text(block.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page), encoding="utf-8")


if __name__ == "__main__":
    main()
