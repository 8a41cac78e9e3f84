"""A report as one HTML file: nothing is fetched, nothing but our own script and style may run.

What a reader opens first stands in it as it is; answers, verdicts and long lists are embedded deflated and
unpacked by the page's script when they are opened (`packing`).
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.records.estimates import OVERALL
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import diff, movements, selection, verdicts, words
from harness.reporting.cases import Views, general, views
from harness.reporting.chart import Chart, darkened
from harness.reporting.effort import efforts
from harness.reporting.grid import grids
from harness.reporting.templating import asset, filled, hashed
from harness.reporting.untrusted import visible

_CHARTS = ("forest", "scores", "heatmap")
_STYLES = ("page.css", "cases.css", "media.css")
_SCRIPTS = ("theme.js", "folded.js", "filter.js", "links.js", "reading.js", "keys.js")


def html(report: Report, charts: Mapping[str, Chart], told: Views | None = None) -> str:
    """Give the report as one self-contained page; equal reports and charts give equal text.

    `told` are its cases' `views`, where they were made beforehand: they are most of the work, and need no
    chart.
    """
    style = "\n".join(asset(f"styles/{name}") for name in _STYLES)
    script = '"use strict";\n' + "\n".join(asset(f"scripts/{name}") for name in _SCRIPTS)
    told = told or views(report)
    return filled(
        "page.html",
        report=report,
        arms=selection.arms(report),
        decider=selection.decider(report),
        counted=len(selection.case_ids(report)),
        dimensions=(OVERALL, *report.dimensions),
        verdicts=tuple(verdicts.verdicts(report)),
        caveats=selection.caveats(report),
        asides=tuple(verdicts.asides_of(report)),
        opinions=verdicts.opinions(report),
        tables=(*selection.deciding(report), *selection.second_opinions(report)),
        gated=verdicts.gated(report),
        charts={kind: _figure(kind, charts[kind]) for kind in _CHARTS if kind in charts},
        criteria=tuple(movements.criteria(report)),
        movements=tuple(movements.flips(report, told.packer)),
        grids=grids(report, told.packer),
        efforts=efforts(report),
        cases=told.cases,
        known=told.packer.packed,
        facts=[case.facts for case in told.cases],
        general=[
            {"text": visible(each.text), "points": words.signed(each.points, 0)} for each in general(report)
        ],
        diffs=list(_diffs(report)),
        tags=sorted({visible(tag) for case in report.cases for tag in case.tags}),
        style=Markup(style),  # noqa: S704 # our own files
        script=Markup(script),  # noqa: S704 # our own files
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    """Name what may run; only the script's own policy, `folded`, may turn text into elements."""
    return (
        f"default-src 'none'; script-src '{hashed(script)}'; style-src '{hashed(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types folded"
    )


def _diffs(report: Report) -> Iterator[tuple[str, Sequence[diff.Line]]]:
    """Give each candidate's prompt against the base's; scores that another tool made know of none."""
    for arm in report.candidates:
        if report.base.run is not None and arm.run is not None:
            base, candidate = (run.manifest.revision.agent.prompt for run in (report.base.run, arm.run))
            yield arm.label, diff.lines(base, candidate)


# ------------------------------------------------------------------ charts


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Record):
    """A chart for both themes, each as a data address; an image can run nothing."""

    kind: str
    title: str
    alt: str
    light: str
    dark: str


def _figure(kind: str, chart: Chart) -> Figure:
    return Figure(
        kind=kind,
        title=chart.title,
        alt=chart.alt,
        light=_address(chart.svg),
        dark=_address(darkened(chart.svg)),
    )


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
