"""What wakes someone: which nights may be compared, which scores have fallen, and whether there is reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.comparison.designing import changes
from harness.records.nights import Acceptance, NightResult
from harness.records.record import Record
from harness.reporting.words import points, signed
from harness.statistics.trend import Night, cusum, fell_at

WAKING = 6.0
"""The bound that the sums must pass to wake someone. Two scores are watched every night, so it is higher than
that of `trend`: `benchmarks/nights.py --quiet` counts its false alarms."""

OF_ONE_NIGHT = 3.0
"""What one night counts for at most, in standard deviations: no single night wakes anyone by the trend. If it
is the prompt's doing, the gate sees it that very night, and confirms it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall(Record):
    """A score that has fallen over the nights and has not come back, with its means before and since.

    `since` is when the first low night was begun, `night` its name.
    """

    name: str
    since: str
    night: str
    before: float
    after: float

    @property
    def words(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.name} has fallen since night {self.night}: {points(self.before)} before, "
            f"{points(self.after)} since, {signed(self.after - self.before)}."
        )


def comparable(
    nights: Sequence[NightResult], tonight: NightResult, accepted: Sequence[Acceptance] = ()
) -> tuple[NightResult, ...]:
    """Give the nights before tonight whose scores may stand in a line with it, in order of time.

    They asked the same (cases, rubrics, grader, model), were complete, and are not older than the run that
    was accepted last: an acceptance says that what moved before it is as it should be.
    """
    since = max((each.since for each in accepted), default="")
    return tuple(
        night
        for night in sorted(nights, key=lambda each: (each.at, each.night))
        if night.counts
        and since <= night.at < tonight.at
        and night.night != tonight.night
        and not changes(night.ground, tonight.ground)
    )


def broke(nights: Sequence[NightResult], tonight: NightResult) -> tuple[str, ...]:
    """Name what changed since the last night that counts: scores before it are no longer comparable."""
    counted = [night for night in nights if night.counts and night.at < tonight.at]
    return changes(counted[-1].ground, tonight.ground) if counted else ()


def stretches(
    nights: Sequence[NightResult], now: Sequence[NightResult]
) -> tuple[tuple[NightResult, ...], ...]:
    """Give the nights that asked the same as those of `now` and came before them, cut where the level moved.

    It moved where an acceptance began `now`, and where an earlier night was found to have moved.
    """
    if not now:
        return ()
    cuts = {night.attribution.since for night in nights if night.attribution}
    before = [
        night
        for night in sorted(nights, key=lambda each: (each.at, each.night))
        if night.counts and night.at < now[0].at and not changes(night.ground, now[-1].ground)
    ]
    found: list[list[NightResult]] = []
    for night in before:
        if night.at in cuts or not found:
            found.append([])
        found[-1].append(night)
    return tuple(map(tuple, found))


def falls(
    nights: Sequence[NightResult], names: Sequence[str], earlier: Sequence[Sequence[NightResult]] = ()
) -> tuple[Fall, ...]:
    """Name the live scores that have fallen and still stand low on the last of these nights.

    Only a fall counts, by a self-starting CUSUM over the nights; a score that rises wakes nobody. `earlier`
    are stretches at other levels, which tell how much nights scatter.
    """
    found = []
    for name in names:
        values = _values(nights, name)
        scatter = [[value.value for value in _values(stretch, name)] for stretch in earlier]
        steps = cusum(values, most=OF_ONE_NIGHT, earlier=scatter)
        if steps and steps[-1].down > WAKING:
            found.append(_fall(name, values, {night.at: night.night for night in nights}))
    return tuple(found)


def _fall(name: str, values: Sequence[Night], named: Mapping[str, str]) -> Fall:
    place = fell_at([value.value for value in values])
    before, after = (fmean(value.value for value in part) for part in (values[:place], values[place:]))
    since = values[place].at
    return Fall(name=name, since=since, night=named[since], before=before, after=after)


def _values(nights: Sequence[NightResult], name: str) -> list[Night]:
    return [
        Night(at=night.at, value=night.live.scores[name])
        for night in nights
        if night.live is not None and name in night.live.scores
    ]
