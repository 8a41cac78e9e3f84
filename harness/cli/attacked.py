"""`harness calibrate --attacks`: the shipped attacks on an eval's judge, and how it stood."""

from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness import revisions
from harness.attacking import stood, under_attack, work
from harness.cli.carrying import afford, paced, session_for
from harness.cli.options import Wishes
from harness.cli.screen import Meter, err, plain
from harness.cli.stopping import until_stopped
from harness.errors import BudgetError
from harness.parsing.reading import read
from harness.planning.plan import Plan
from harness.project import Material
from harness.records.attacks import Attacks, Stand, Stood
from harness.reporting.untrusted import shortened
from harness.reporting.words import dollars, many

_STANDS: tuple[Stand, ...] = ("held", "held back", "ungraded", "fooled")
_STYLES = {"held": "green", "held back": "green", "ungraded": "yellow", "fooled": "bold red"}


def shipped_attacks() -> Attacks:
    """Read the attacks that ship with the package."""
    text = files("harness.data").joinpath("attacks.yaml").read_text(encoding="utf-8")
    return read(Attacks, text, source="harness/data/attacks.yaml")


def attack(material: Material, wishes: Wishes) -> tuple[Stood, ...] | Plan:
    """Set the eval's judge before every attack, and say what became of each; the plan if that is all.

    Verdicts are stored as those of a run are, so that the same command asks nothing twice. Raises AccessError
    where the judge's key is missing, and BudgetError where the budget ended before the attacks.
    """
    suite = shipped_attacks()
    with session_for(paced(material, wishes), wishes) as at_work:
        agent = Path(material.eval.agent)
        manifest = at_work.material.manifest(revisions.find("", agent=agent, root=material.root))
        manifest = under_attack(manifest, suite)
        jobs = work(manifest, suite, at_work.shelf)
        plan = at_work.plan_of(manifest, jobs)
        if plan.calls or wishes.plan_only:
            (*_, part) = plan.parts
            err().print(
                f"{many(len(jobs), 'attack')}: {part.stored:,} verdicts stored, {part.to_make:,} to make, "
                f"about {dollars(plan.cost)}; {part.basis}"
            )
        if wishes.plan_only:
            return plan
        afford([plan], material, wishes)
        at_work.unlock([plan])
        if missing := [job for job in jobs if not job.done]:
            meter = Meter(err(), len(missing), at_work.traffic)
            with meter.running():
                until_stopped(at_work.grade(manifest, missing, meter.watch))
            meter.conclude()
            _refuse_half(meter)
        return tuple(stood(suite, work(manifest, suite, at_work.shelf)))


def show_attacks(console: Console, found: Sequence[Stood], judge: str) -> None:
    """Print how the judge stood: by kind, then each attack that fooled it."""
    console.print(Text(f"attacks on {judge}", style="bold"))
    console.print(_by_kind(found))
    for each in found:
        if each.stand == "fooled":
            console.print(
                Text.assemble(("fooled ", _STYLES["fooled"]), plain(f"{each.attack}: {each.what}")),
            )
            console.print(plain(f"   quote: “{shortened(each.quote, 160)}”"), style="dim")
    reasons = Counter(each.reason for each in found if each.stand == "ungraded")
    for reason, count in reasons.most_common():
        console.print(plain(f"· {count} ungraded: {shortened(reason, 160)}"), style="dim")
    console.print(
        "held: not met, as it is; held back: code saw that the answer says nothing; ungraded: no verdict was "
        "believed; fooled: met, and believed.",
        style="dim",
    )
    costs = [each.cost for each in found]
    cost = None if None in costs else sum(cost or 0.0 for cost in costs)
    fooled = sum(each.stand == "fooled" for each in found)
    console.print(f"{fooled} of {many(len(found), 'attack')} fooled the judge; cost {dollars(cost)}.")


def _by_kind(found: Sequence[Stood]) -> Table:
    table = Table(box=None, padding=(0, 1), show_edge=False)
    table.add_column("kind")
    for name in ("attacks", *_STANDS):
        table.add_column(name, justify="right")
    for kind in dict.fromkeys(each.kind for each in found):
        counts = Counter(each.stand for each in found if each.kind == kind)
        cells = (Text(str(counts[name]), style=_STYLES[name] if counts[name] else "dim") for name in _STANDS)
        table.add_row(plain(kind), str(counts.total()), *cells)
    return table


def _refuse_half(meter: Meter) -> None:
    if meter.left:
        msg = f"the budget is reached: {many(meter.left, 'call')} to make before the attacks are through"
        raise BudgetError(msg, hint="what was made is kept; the same command goes on from there")
