"""Charts drawn by a process of their own, beside the run: its imports and its memory are not the run's.

`begin` may be called long before there is anything to draw: the process then loads matplotlib while the
run waits for its models. What it is given and what it gives back are JSON, never code.
"""

import base64
import gc
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from harness.parsing.reading import from_json, get_ready
from harness.records.outcomes import Answer, Failed, Outcome
from harness.records.results import Arm, Report
from harness.reporting import selection
from harness.reporting.chart import Chart
from harness.reporting.tables import plain

# The child finds its modules where we found ours; `-P` keeps the working folder, a stranger's perhaps, out.
_CHILD = "import sys; sys.path[:] = sys.argv[1:]; from harness.drawing import main; main()"


class Drawing:
    """One process that draws one report's charts; `drawing` makes it and makes sure that it ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._reply: Future[tuple[str, str]] | None = None

    @property
    def ready(self) -> bool:
        """Whether the process has been begun."""
        return self._process is not None

    def begin(self) -> None:
        """Start the process, so that it is ready when there is something to draw."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-P", "-c", _CHILD, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )

    def take(self, report: Report) -> None:
        """Hand over what is to be drawn, and return at once."""
        self.begin()
        assert self._process is not None  # noqa: S101 - begun a line above
        talker = ThreadPoolExecutor(1)
        self._reply = talker.submit(self._process.communicate, _sketch(report))
        talker.shutdown(wait=False)  # whoever wants the charts waits, not we

    def charts(self) -> Mapping[str, Chart]:
        """Wait for the charts of the report that was handed over; raises RuntimeError if drawing broke."""
        assert self._process is not None  # noqa: S101 - the order of calls is ours
        assert self._reply is not None  # noqa: S101 - as above
        drawn, said = self._reply.result()
        if self._process.returncode:
            msg = f"the charts could not be drawn:\n{said}"
            raise RuntimeError(msg)
        return {
            kind: Chart(**(of | {"png": base64.b64decode(of["png"])}))
            for kind, of in json.loads(drawn).items()
        }

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            if self._reply is None:
                self._process.communicate()


@contextmanager
def drawing() -> Iterator[Drawing]:
    """Have a process at hand that draws; none is started before it is wanted."""
    found = Drawing()
    try:
        yield found
    finally:
        found.end()


def _sketch(report: Report) -> str:
    """Write what charts are drawn from: the report without a word of any case, answer or verdict."""
    kind = selection.decider(report)
    lean = replace(
        report,
        base=_lean(report.base, "" if report.candidates else kind),  # a comparison holds its own scores
        candidates=tuple(_lean(arm, "") for arm in report.candidates),
        cases=tuple(
            replace(case, title="", prompt="-", turns=(), context="", tags=(), criteria={})
            for case in report.cases
        ),
        rubrics=(),
    )
    return json.dumps(lean, default=plain, ensure_ascii=False, allow_nan=False)


def _lean(arm: Arm, grader: str) -> Arm:
    run = arm.run and replace(arm.run, manifest=replace(arm.run.manifest, cases=(), rubrics=()))
    outcomes = {grader: tuple(_wordless(each) for each in arm.outcomes[grader])} if grader else {}
    return replace(arm, run=run, outcomes=outcomes)


def _wordless(outcome: Outcome) -> Outcome:
    return outcome if isinstance(outcome, Failed) else replace(outcome, answer=Answer(text=""), verdicts=())


# ------------------------------------------------------------------ in the process that draws


def main() -> None:
    """Load what drawing needs, read a report from standard input, write its charts to standard output."""
    from harness.charts.canvas import load  # noqa: PLC0415 - only here, never in the run's own process
    from harness.charts.of_report import draw  # noqa: PLC0415 - as above

    load()
    get_ready(Report)
    text = sys.stdin.read()
    if text:  # else the run ended without anything to draw
        drawn = draw(from_json(Report, text))
        written = {
            kind: plain(chart) | {"png": base64.b64encode(chart.png).decode()}
            for kind, chart in drawn.items()
        }
        json.dump(written, sys.stdout)
    gc.freeze()  # the run waits for our end: no last look for cycles
