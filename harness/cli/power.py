"""`harness power`: what would this eval find, and what would another size cost?"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.table import Table

from harness.assembling import arm, shared_cases
from harness.cli.carrying import trusted_decider
from harness.cli.options import eval_argument, eval_path, json_option, store_option, store_path
from harness.cli.screen import err, out, plain
from harness.comparison.designing import (
    Priced,
    advice,
    asks,
    changes,
    fewest_attempts,
    ground,
    measured,
    names_of,
    rule,
    seen,
    still,
    wanting,
)
from harness.errors import IncompleteError
from harness.models.pricing import shipped_prices
from harness.planning.plan import Plan, plan
from harness.planning.regrading import whole
from harness.planning.work import NOTHING_STORED, jobs
from harness.project import load
from harness.records.estimates import OVERALL
from harness.records.inputs import Gate
from harness.records.results import Arm
from harness.records.runs import Manifest, Revision
from harness.reporting import words
from harness.session import habits
from harness.statistics.power import Design, GateChance, GateRule, Scatter, design, scatter
from harness.store.address import Place
from harness.store.opening import open_store
from harness.store.store import Store

_CASES = (10, 20, 40, 80)
_ATTEMPTS = (1, 3, 5, 10)
_NEWEST = 10  # runs measured: 45 pairs of revisions are enough, and older ones say less of today

_BOUNDED = click.IntRange(1, 1000)


@click.command("power", short_help="What would this eval find?")
@eval_argument
@click.option("--cases", multiple=True, type=_BOUNDED, help="A number of cases to look at; several times.")
@click.option("--attempts", multiple=True, type=_BOUNDED, help="A number of attempts; several times.")
@store_option
@json_option
def command(
    name: str, cases: tuple[int, ...], attempts: tuple[int, ...], *, store: Place | None, as_json: bool
) -> int:
    """See what an eval would find at other sizes, from the scatter of its own stored runs.

    For each number of cases and attempts: the true difference that is found four times in five, how often
    the gate would pass, fail or stay open if nothing changed, and what a comparison costs from nothing.
    """
    material = load(eval_path(name))
    revision = Revision(label="working", path=material.eval.agent, agent=material.agent)
    manifest = material.manifest(revision)
    with open_store(store_path(store, material.root), create=False) as opened:
        arms = _measurable(opened, manifest)
        trusted = trusted_decider(opened, manifest)
        whole = plan(
            manifest,
            jobs(manifest, NOTHING_STORED),
            shipped_prices(),
            habits(opened),
            dt.datetime.now(dt.UTC).date(),
        )
    names = names_of(manifest)
    found = scatter([seen(each, names) for each in arms], names)
    gate = manifest.eval.gate
    asked = rule(gate or Gate(), arms[-1], names)
    table = _Designs(manifest, found, whole, asked)
    sizes = sorted({*(cases or _CASES), len(manifest.cases)})
    # Where nothing is known of attempts, other numbers of them would only repeat the line.
    repeats = sorted({*(attempts or (_ATTEMPTS if found.attempts else ())), manifest.eval.attempts})
    rows = [table.priced(n, e) for n in sizes for e in repeats]
    now = table.priced(len(manifest.cases), manifest.eval.attempts)
    told = advice(now, [*rows, *table.enough_attempts()], gated=gate is not None, unmoved=still(found, asked))
    open_points = wanting(found, gate, trusted)
    if as_json:
        foretold = {"set": gate is not None, **asdict(asked)}
        data = {
            **_data(manifest, arms, found, rows),
            "gate": foretold,
            "advice": told,
            "wanting": open_points,
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return 0
    err().print(plain(f"measured on {words.many(len(arms), 'run')}: {_runs(arms)}"), style="dim")
    err().print(plain(f"{measured(found)}"), style="dim")
    console = out()
    console.print(_table(rows, now))
    if len(now.design.gates) > 1:
        console.print()
        console.print(_each_gate(now.design))
    console.print()
    console.print(plain(_legend(asks(gate, asked, arms[-1].label))), style="dim")
    for line in open_points:
        console.print(plain(f"· {line}"), style="dim")
    console.print()
    console.print(plain(told), style="bold")
    return 0


class _Designs:
    """Designs of one eval, each worked out once."""

    def __init__(self, manifest: Manifest, found: Scatter, whole: Plan, asked: GateRule) -> None:
        self._rule = asked
        self._manifest = manifest
        self._found = found
        self._whole = whole
        self._known: dict[tuple[int, int], Design] = {}

    def priced(self, cases: int, attempts: int) -> Priced:
        """Work a design out and price it by what a trial of this eval takes."""
        made = self._design(cases, attempts)
        share = made.trials / self._whole.trials
        cost = self._whole.cost
        return Priced(
            design=made,
            calls=round(self._whole.calls * share),
            cost=None if cost is None else cost * share,
        )

    def enough_attempts(self) -> Sequence[Priced]:
        """Give the eval's own cases with just enough attempts to pass often enough, if there are such."""
        own = len(self._manifest.cases)
        found = fewest_attempts(own, lambda cases, attempts: self.priced(cases, attempts).passes)
        return [] if found is None else [self.priced(own, found)]

    def _design(self, cases: int, attempts: int) -> Design:
        key = cases, attempts
        if key not in self._known:
            seed = self._manifest.eval.seed
            self._known[key] = design(self._found, cases, attempts, rule=self._rule, seed=seed)
        return self._known[key]


def _measurable(store: Store, manifest: Manifest) -> list[Arm]:
    """Take the newest runs of this eval whose scores are comparable with what it would make today."""
    rows = [row for row in store.list() if row.eval == manifest.eval_name]
    runs = [store.load(row.id) for row in rows]
    today = {name: value for name, value in ground(manifest).items() if name != "cases"}
    stale = {name for run in runs for name in changes(ground(run.manifest), today)}
    fit = [run for run in runs if not changes(ground(run.manifest), today)][-_NEWEST:]
    arms = [
        arm(
            run,
            whole(run.manifest, store, frozenset(c.id for c in shared_cases([run]))),
            store.failures(run.id),
        )
        for run in fit
    ]
    decider = manifest.graders[0].kind
    arms = _by_prompt([each for each in arms if each.counts[decider].graded], decider)
    if not arms:
        msg = f"{manifest.eval_name}: no stored run of this eval can be measured"
        if stale and runs:
            changed = words.listed(sorted(stale))
            msg += f": since the {words.many(len(runs), 'run')} in the store its {changed} changed"
        hint = "`harness compare` makes two; with two attempts a case it can foretell the gate as well"
        raise IncompleteError(msg, hint=hint)
    return arms


def _by_prompt(arms: Sequence[Arm], decider: str) -> list[Arm]:
    """Keep one run of each prompt, the one with most to measure: the others hold the same answers again."""
    kept: dict[str, Arm] = {}
    for each in arms:
        prompt = each.made.manifest.revision.agent.prompt_hash
        other = kept.pop(prompt, each)
        kept[prompt] = other if other.counts[decider].graded > each.counts[decider].graded else each
    return list(kept.values())


def _runs(arms: Sequence[Arm]) -> str:
    return words.listed([f"{each.label} ({each.made.id})" for each in arms])


def _table(rows: Sequence[Priced], now: Priced) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("cases", "attempts", "finds", "PASS", "open", "FAIL", "trials", "calls", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    before, gaps = 0, len({row.design.attempts for row in rows}) > 1
    for row in rows:
        made = row.design
        here = made == now.design
        if before and made.cases != before and gaps:
            table.add_row()
        table.add_row(
            str(made.cases) if made.cases != before else "",
            str(made.attempts),
            words.points(made.detectable[OVERALL]),
            *_chances(made.gate),
            words.count(made.trials),
            words.count(row.calls),
            words.dollars(row.cost),
            "◀ now" if here else "",
            style="bold" if here else "",
        )
        before = made.cases
    return table


def _each_gate(now: Design) -> Table:
    """Show the gates of the eval's own design one by one."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(f"at {now.cases} × {now.attempts}", no_wrap=True)
    for name in ("PASS", "open", "FAIL"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, chance in now.gates.items():
        table.add_row(plain(name), *_chances(chance))
    return table


def _chances(gate: GateChance | None) -> list[str]:
    return [words.percent(gate[word] if gate else None) for word in ("PASS", "INCONCLUSIVE", "FAIL")]


def _legend(gate: str) -> str:
    return (
        "finds: the true difference, in points overall, found four times in five on cases like these\n"
        f"PASS, open, FAIL: {gate}, if nothing changed\n"
        "trials, calls, cost: a comparison of two revisions from nothing"
    )


def _data(
    manifest: Manifest, arms: Sequence[Arm], found: Scatter, rows: Sequence[Priced]
) -> dict[str, object]:
    size = {"cases": len(manifest.cases), "attempts": manifest.eval.attempts}
    return {
        "eval": manifest.eval_name,
        "runs": [{"id": each.made.id, "label": each.label} for each in arms],
        "variances": {
            "between_attempts": found.attempts,
            "between_cases": found.cases,
            "degrees_of_freedom": found.freedom,
            "pairs_of_revisions": found.pairs,
            "cases_per_cluster": found.crowd,
        },
        "now": size,
        "seed": manifest.eval.seed,
        "designs": [
            {
                **asdict(row.design),
                "calls": row.calls,
                "cost": row.cost,
                "now": (row.design.cases, row.design.attempts) == tuple(size.values()),
            }
            for row in rows
        ],
    }
