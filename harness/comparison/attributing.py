"""What most likely moved a nightly score: the judge, the model, or the prompt; with the evidence for it.

Three series tell them apart. The sentinels are answers that never change, so only the judge can move their
verdicts. The pinned control is a prompt that never changes, so only the judge or the model can move its
score. What moves the live score alone is the prompt, or the cases.
"""

from collections.abc import Mapping, Sequence

from harness.records.nights import Attribution, Cause, NightArm, NightResult, Shift
from harness.reporting.words import listed, p_value, points, signed
from harness.statistics.trend import shift

MOVED = 0.05
"""A series has moved if its two-sided p of no shift is at or below this, and it went where live went."""

_LIVE, _CONTROL, _APART, _SENTINELS = "live", "control", "live - control", "sentinels"


def attribute(
    nights: Sequence[NightResult],
    *,
    name: str,
    since: str,
    gate_failed: bool,
    earlier: Sequence[Sequence[NightResult]] = (),
) -> Attribution:
    """Say what moved the score `name` since the night begun at `since`; the last of the nights is tonight.

    Each series is held against its own nights before, by Student's t with the pooled variance; `earlier`
    stretches of nights at other levels lend their scatter. The night of
    the change was found by the live score, so its own p flatters; those of the control and the sentinels do
    not, because their scatter is their own. `gate_failed`: tonight's live run was beyond chance below
    tonight's control.
    """
    pinned = nights[-1].control.prompt_hash if nights[-1].control else ""
    series = _series(nights, name, pinned)
    others = [_series(part, name, of) for stretch in earlier for of, part in _by_control(stretch).items()]
    scatter = {of: [[value for _, value in other[of]] for other in others] for of in series}
    shifts = {of: found for of, values in series.items() if (found := _shift(of, values, since, scatter[of]))}
    cause, words = _decided(shifts, gate_failed=gate_failed, watched=_SENTINELS in shifts)
    return Attribution(
        cause=cause, words=words, since=since, evidence=tuple(shifts.values()), facts=_facts(nights, since)
    )


def evidence(found: Shift) -> str:
    """Write one shift with its numbers."""
    p = "too few nights to tell" if found.p is None else f"p {p_value(found.p)}"
    return (
        f"{found.series}: {points(found.before)} over {found.nights_before} before, "
        f"{points(found.since)} over {found.nights_since} since, {signed(found.since - found.before)} ({p})"
    )


def _series(nights: Sequence[NightResult], name: str, pinned: str) -> Mapping[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {_LIVE: [], _CONTROL: [], _APART: [], _SENTINELS: []}
    for night in nights:
        live = _score(night.live, name)
        control = _score(night.control, name)
        if live is not None:
            found[_LIVE].append((night.at, live))
        # A control that was pinned anew is another series.
        if control is not None and night.control and night.control.prompt_hash == pinned:
            found[_CONTROL].append((night.at, control))
            if live is not None:
                found[_APART].append((night.at, live - control))
        watched = night.sentinels.score if night.sentinels else None
        if watched is not None:
            found[_SENTINELS].append((night.at, watched))
    return found


def _by_control(nights: Sequence[NightResult]) -> Mapping[str, list[NightResult]]:
    found: dict[str, list[NightResult]] = {}
    for night in nights:
        if night.control:
            found.setdefault(night.control.prompt_hash, []).append(night)
    return found


def _score(arm: NightArm | None, name: str) -> float | None:
    return arm.scores.get(name) if arm else None


def _shift(
    of: str, values: Sequence[tuple[str, float]], since: str, scatter: Sequence[Sequence[float]]
) -> Shift | None:
    before = [value for at, value in values if at < since]
    after = [value for at, value in values if at >= since]
    if not before or not after:
        return None
    return Shift(
        series=of,
        before=sum(before) / len(before),
        since=sum(after) / len(after),
        nights_before=len(before),
        nights_since=len(after),
        p=shift(before, after, earlier=scatter),
    )


def _moved(shifts: Mapping[str, Shift], of: str) -> bool:
    """Say whether a series moved beyond chance, and the way the live score did: else it explains nothing."""
    found, live = shifts.get(of), shifts.get(_LIVE)
    if found is None or found.p is None or found.p > MOVED:
        return False
    return live is None or (found.since - found.before) * (live.since - live.before) > 0


def _decided(shifts: Mapping[str, Shift], *, gate_failed: bool, watched: bool) -> tuple[Cause, str]:
    if _moved(shifts, _SENTINELS):
        return "judge", (
            "The judge changed: the verdicts on answers that never change moved. What else moved cannot be "
            "told until the judge is what it was, or is accepted as it is."
        )
    if _moved(shifts, _CONTROL):
        besides = (
            " The live run moved against its control as well: look at the prompt, too."
            if (gate_failed and _moved(shifts, _APART))
            else ""
        )
        if not watched:
            return "model", (
                "The model, its provider or the judge changed: the pinned control moved, and there are no "
                f"sentinels that would tell the judge apart.{besides}"
            )
        return "model", (
            "Most likely the model or its provider changed: the pinned control moved, the sentinels did not "
            f"beyond chance. That rules out a large change of the judge, not a small one.{besides}"
        )
    if gate_failed and _CONTROL not in shifts:
        return "prompt", (
            "The prompt or the cases are what differs: tonight's control, asked of the same model and judged "
            "by the same judge, did not fall with the live run."
        )
    if gate_failed or _moved(shifts, _APART):
        return "prompt", (
            "The prompt or the cases changed: the live run moved, its pinned control did not"
            f"{', nor did the sentinels' if watched else ''}."
        )
    return "unclear", (
        "It cannot be told yet what changed: neither the sentinels nor the control moved beyond chance, nor "
        "did the live run against its control."
    )


def _facts(nights: Sequence[NightResult], since: str) -> tuple[str, ...]:
    """Name what is known to have changed with the first night since, from hashes and not from scores."""
    before = [night for night in nights if night.at < since and night.live]
    after = [night for night in nights if night.at >= since and night.live]
    if not before or not after or before[-1].live is None:
        return ()
    old = before[-1].live
    facts = []
    changed = next((n for n in after if n.live and n.live.prompt_hash != old.prompt_hash), None)
    if changed and changed.live:
        hashes = f"{old.prompt_hash[:8]} to {changed.live.prompt_hash[:8]}"
        facts.append(f"the prompt was changed before night {changed.night} ({hashes})")
    else:
        facts.append("the prompt is the same as before")
    named = {model for night in after if night.live for model in night.live.models}
    if named and old.models and (new := named - set(old.models)):
        facts.append(
            f"answers now say they come from {listed(sorted(new))}, before from {listed(old.models)}"
        )
    return tuple(facts)
