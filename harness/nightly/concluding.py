"""What a night comes to: held against the nights before it and the accepted run, put into words, and kept."""

from collections.abc import Sequence
from dataclasses import replace

from harness.assembling import decided_gates, slug
from harness.comparison.attributing import attribute
from harness.comparison.designing import ENOUGH, changes, ground, names_of, rule, seen, still
from harness.comparison.waking import Fall, broke, comparable, falls, stretches
from harness.nightly.baseline import baseline
from harness.nightly.making import Found, Tonight, begun_at, unaffordable
from harness.planning.regrading import whole
from harness.records.nights import (
    HOLDS,
    INCONCLUSIVE,
    REGRESSION,
    Acceptance,
    NightArm,
    NightResult,
)
from harness.records.outcomes import Failed
from harness.records.results import Arm, Report
from harness.records.runs import Manifest, Run
from harness.reporting.nights import sentence
from harness.reporting.words import listed, percent
from harness.statistics.power import design, scatter
from harness.store.nights import Nights


def conclude(tonight: Tonight, found: Found) -> tuple[NightResult, Report]:
    """Hold the night against those before it, say what moved what, and keep it; names its report."""
    kept, live = Nights(tonight.session.store), tonight.pair.live
    history, accepted = kept.of(live.eval_name), kept.accepted(live.eval_name)
    result = _result(tonight, found)
    if result.counts:
        nights = (*comparable(history, result, accepted), result)
        result = _against_nights(nights, stretches(history, nights), live)
        words = _against_baseline(tonight, found.report, accepted)
        cut = broke(history, result)
        notes = (f"The trend begins anew: {listed(cut)} changed since the night before.",) if cut else ()
        result = replace(
            result, baseline=words, notes=(*result.notes, *notes, *_sized(tonight, found.report))
        )
    earlier = next((each for each in history if each.night == tonight.night), None)
    result = replace(result, words=sentence(result), told=earlier.told if earlier else "")
    kept.keep(result)
    name = slug(f"{live.eval_name}--{tonight.night}--{found.report.base.label}..{live.revision.label}")
    return result, replace(_settled(found), name=name)


def _settled(found: Found) -> Report:
    """Let a report say what the night says: a FAIL that was not confirmed is none."""
    report, decider = found.report, found.report.graders[0].kind
    if found.confirmation != "not confirmed":
        return report
    gates = tuple(
        replace(gate, result="INCONCLUSIVE", words=f"{gate.words}; it did not fail again on fresh attempts")
        if gate.result == "FAIL"
        else gate
        for gate in decided_gates(report)
    )
    compared = (replace(each, gates=gates) if each.grader == decider else each for each in report.comparisons)
    return replace(report, comparisons=tuple(compared))


def _result(tonight: Tonight, found: Found) -> NightResult:
    report, live = found.report, tonight.pair.live
    arm = report.candidates[0]
    return NightResult(
        eval=live.eval_name,
        night=tonight.night,
        at=begun_at(tonight),
        code=found.code,
        words="",
        live=_arm(arm),
        control=_arm(report.base),
        sentinels=found.watched,
        ground=ground(live),
        attempts=arm.made.manifest.eval.attempts,
        topped_up=found.topped_up,
        gates=decided_gates(report),
        failed=found.failed,
        confirmation=found.confirmation,
        notes=found.notes,
    )


def _against_nights(
    nights: Sequence[NightResult], earlier: Sequence[Sequence[NightResult]], live: Manifest
) -> NightResult:
    """Say which scores have fallen by tonight, the last of the nights, and what moved them."""
    result, known = nights[-1], names_of(live)
    wakes = live.eval.nightly.wakes if live.eval.nightly else ()
    fallen = falls(nights, [name for name in wakes if name in known], earlier)
    result = replace(result, alarms=tuple(fall.words for fall in fallen))
    if fallen and result.code in {HOLDS, INCONCLUSIVE}:
        result = replace(result, code=REGRESSION)
    if result.code != REGRESSION:
        return result
    name, since = _what_moved(result, fallen, known)
    failed = result.confirmation in {"confirmed", "known"}
    found = attribute((*nights[:-1], result), name=name, since=since, gate_failed=failed, earlier=earlier)
    return replace(result, attribution=found)


def _what_moved(result: NightResult, fallen: Sequence[Fall], known: Sequence[str]) -> tuple[str, str]:
    """Name the score to be explained and the night since when: the trend dates it better than one gate."""
    if fallen:
        return fallen[0].name, fallen[0].since
    return next((name for name in result.failed if name in known), known[0]), result.at


def _against_baseline(tonight: Tonight, report: Report, accepted: Sequence[Acceptance]) -> str:
    """Compare tonight's live run with the accepted one, or say why not."""
    session, live = tonight.session, report.candidates[0].made
    chosen = baseline(accepted, session.material.root)
    if chosen is None:
        return "No run is accepted yet: `harness accept RUN --why TEXT` makes one the baseline."
    if chosen.run == live.id:
        return f"Tonight's live run is the accepted one (by {chosen.by}: {chosen.why})."
    known = f"the run {chosen.run} that {chosen.by} accepted on {chosen.at[:10]}"
    if all(row.id != chosen.run for row in session.store.list()):
        return f"Not compared with {known}: it is no longer in the store."
    base = session.store.load(chosen.run)
    differ = changes(ground(base.manifest), ground(live.manifest))
    if differ:
        asked = replace(live.manifest, revision=base.manifest.revision, draw=base.manifest.draw)
        asked = replace(asked, eval=replace(asked.eval, attempts=base.manifest.eval.attempts))
        if refused := _regrade(tonight, asked, differ):
            return f"Not compared with {known}: {refused}."
        base = replace(base, manifest=asked)
    again = " (graded again: " + listed(differ) + " changed)" if differ else ""
    compared = tonight.report((_labelled(base, "accepted"), live)).comparisons[0]
    return f"Against {known}{again}: {compared.headline}"


def _regrade(tonight: Tonight, asked: Manifest, differ: Sequence[str]) -> str:
    """Grade the accepted run's answers as tonight's are; says why that cannot be, else empty."""
    session = tonight.session
    work = list(whole(asked, session.shelf))
    if any(job.answer is None for job in work):
        return f"{listed(differ)} changed since, and its answers are none to what is asked now"
    missing = [job for job in work if not job.done]
    if missing and (refused := unaffordable(tonight, [(asked, session.plan_of(asked, work))])):
        return f"{listed(differ)} changed since, and grading it again {refused}"
    if missing:
        tonight.grade(asked, missing)
    return ""


def _sized(tonight: Tonight, report: Report) -> tuple[str, ...]:
    """Warn of a gate that would stay open too often on nights on which nothing changed, top-up and all."""
    arms = (report.base, *report.candidates)
    manifest = report.candidates[0].made.manifest
    gate, names = manifest.eval.gate, names_of(manifest)
    if gate is None:
        return ()
    found = scatter([seen(arm, names) for arm in arms], names)
    asked = rule(gate, report.candidates[0], names)
    if still(found, asked):  # then size is not what the gate lacks; its own words say so
        return ()
    attempts = 2 * tonight.pair.live.eval.attempts
    chance = design(found, len(manifest.cases), attempts, rule=asked, seed=manifest.eval.seed).gate
    if chance is None or chance["PASS"] >= ENOUGH:
        return ()
    words = (
        f"This eval is too small for its gate: if nothing changed it passes {percent(chance['PASS'])} of the "
        f"time, topped up to {attempts} attempts. `harness power {manifest.eval_name}` says what would do."
    )
    return (words,)


def _arm(arm: Arm) -> NightArm:
    manifest = arm.made.manifest
    kind = manifest.graders[0].kind
    models = {each.answer.model for each in arm.outcomes[kind] if not isinstance(each, Failed)}
    return NightArm(
        run=arm.made.id,
        at=arm.made.created_at,
        prompt_hash=manifest.revision.agent.prompt_hash,
        commit=manifest.revision.commit,
        scores={name: found.mean for name, found in arm.scores[kind] if found.n and found.mean is not None},
        models=tuple(sorted(models - {""})),
    )


def _labelled(run: Run, label: str) -> Run:
    revision = replace(run.manifest.revision, label=label)
    return replace(run, manifest=replace(run.manifest, revision=revision))
