"""The charts that a report's page shows."""

from collections.abc import Mapping

from harness.charts.canvas import styled
from harness.charts.forest import forest
from harness.charts.heatmap import heatmap
from harness.charts.scores import scores
from harness.records.results import Report
from harness.reporting.chart import Chart


def draw(report: Report) -> Mapping[str, Chart]:
    """Draw `forest` (comparisons only), `scores`, and `heatmap` (of differences, or a single run's scores).

    A chart that would show nothing is left out.
    """
    with styled():
        drawn = {"forest": forest(report), "scores": scores(report), "heatmap": heatmap(report)}
    return {kind: chart for kind, chart in drawn.items() if chart is not None}
