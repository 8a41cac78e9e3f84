"""The index over reports, runs and trends, as one HTML page for `harness view`."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from harness.records.record import Record
from harness.reporting.summary import Summary
from harness.reporting.templating import asset, filled, hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(Record):
    """A run that is not finished, counted in trials. `moving` says that it was seen to get on just now."""

    run: str
    eval_name: str
    label: str
    planned: int
    answered: int
    graded: int
    failed: int
    moving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Record):
    """A run as the index lists it; `state` is empty once it is finished."""

    run: str
    label: str
    prompt: str
    begun: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Record):
    """A report's folder; without `summary` it was written by another version."""

    folder: str
    summary: Summary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Record):
    """Everything of one eval, the newest first; `finished` counts the runs that a trend can show."""

    name: str
    reports: tuple[Shown, ...] = ()
    runs: tuple[Stored, ...] = ()
    finished: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Record):
    """What the index shows of one project; `trouble` says why something could not be read."""

    project: str
    groups: tuple[Group, ...]
    running: tuple[Running, ...] = ()
    trouble: str = ""


def html(overview: Overview) -> str:
    """Give the index; it fetches from its own server alone, and only its own script runs."""
    style, script = asset("index.css"), asset("index.js")
    return filled(
        "index.html",
        overview=overview,
        running=overview.running,
        style=Markup(style),  # noqa: S704 # our own file
        script=Markup(script),  # noqa: S704 # our own file
    )


def policy() -> str:
    """Give the page's Content-Security-Policy."""
    style, script = (hashed(asset(name)) for name in ("index.css", "index.js"))
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def live(running: tuple[Running, ...]) -> Mapping[str, object]:
    """Give what the page polls: the unfinished runs as the template shows them."""
    return {"html": filled("running.html", running=running), "moving": any(each.moving for each in running)}
