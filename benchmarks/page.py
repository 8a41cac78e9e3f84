"""How large is the HTML report, and how fast is it to make, to open, to filter and to search?

    python benchmarks/page.py [--trials 10 100 1000 2000] [--long] [--json]

A trial is one answer. Half of them are the demo's agent's, half a revision's, one for each case, graded by
one judge on the 18 criteria of the shipped rubrics, each verdict with a reason and, where met, a quote. The
answers are made of the recorded ones, a few hundred to well over a thousand words each; `--long` puts three
into one. So that no answer is like another, lines are exchanged between answers and words between lines. What
that does to compression is printed: how far recorded answers shrink, and how far those made of them.

Making is the CPU time of the page alone, its charts drawn before. The rest is measured in headless Chromium,
on the file from disk: the first paint; a filter, from the choice to the frame after it; the first search,
which unpacks every answer, and the next; opening one case; and opening the
heatmap of cases by criterion. An exponent of 1 is a cost per trial that stays.
"""

import argparse
import json
import math
import random
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING

from harness import assembling, revisions
from harness.charts.of_report import draw
from harness.comparison.summary import counts, scores
from harness.grading.scoring import outcome
from harness.project import load
from harness.records.inputs import Case, GraderSpec, ModelSpec
from harness.records.outcomes import Answer, Outcome, Trial, Usage, Verdict
from harness.records.results import Arm, Report
from harness.records.runs import GraderInfo, Manifest, Run
from harness.reporting.page import html
from measuring import machine, markdown, median

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
TRIALS = (10, 100, 1000, 2000)
ROUNDS = 3
_SWAPPED = 0.15
"""The share of lines that come from another answer, and of longer words that come from another line."""

# ------------------------------------------------------------------ answers of which none is like another


class Writer:
    """Makes answers, quotes and reasons out of recorded answers; the same seed gives the same words."""

    def __init__(self, recorded: Sequence[str], seed: int = 1) -> None:
        self._recorded = recorded
        self._lines = [line for text in recorded for line in text.split("\n") if line.strip()]
        self._words = re.findall(r"[A-Za-z]{5,}", " ".join(recorded))
        self._random = random.Random(seed)  # noqa: S311 - nothing is kept secret here

    def answer(self, parts: int) -> str:
        """Give an answer as long as so many recorded ones."""
        chosen = self._random.choices(self._recorded, k=parts)
        lines = [self._exchanged(line) for text in chosen for line in text.split("\n")]
        return re.sub(r"[A-Za-z]{5,}", self._another, "\n".join(lines))

    def quote(self, answer: str) -> str:
        """Give a few words that stand in the answer."""
        words = self._random.choice([line for line in answer.split("\n") if len(line) > 30]).split()
        return " ".join(words[: self._random.randint(5, 14)])

    def reason(self) -> str:
        """Give a sentence of prose, as long as judges' are: words that follow each other somewhere."""
        line = self._random.choice([line for line in self._lines if len(line) > 150]).split()
        begin = self._random.randrange(max(1, len(line) - 22))
        said = " ".join(line[begin : begin + self._random.randint(10, 22)])
        return f"The answer says {re.sub('[A-Za-z]{5,}', self._another, said)}."

    def chance(self, share: float) -> bool:
        """Say yes this often."""
        return self._random.random() < share

    def _exchanged(self, line: str) -> str:
        return self._random.choice(self._lines) if line.strip() and self.chance(_SWAPPED) else line

    def _another(self, found: re.Match[str]) -> str:
        return self._random.choice(self._words) if self.chance(_SWAPPED) else found[0]


def deflated(texts: Sequence[str]) -> float:
    """Give how much is left of texts when each is deflated by itself, as a share."""
    raw = [text.encode() for text in texts]
    return sum(len(zlib.compress(each, 9)) for each in raw) / sum(map(len, raw))


# ------------------------------------------------------------------ a report of any size


def made(trials: int, parts: int) -> tuple[Report, float, float]:
    """Make a comparison of so many trials; with it, what deflating leaves of recorded and of made answers."""
    material = load(ROOT / "evals" / "demo.yaml")
    lines = (ROOT / "datasets/recorded/backend-engineer.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = [str(json.loads(line)["text"]) for line in lines]
    writer = Writer(recorded)
    general = [replace(case, criteria={}) for case in material.cases]
    cases = tuple(_copy(general[n % len(general)], n) for n in range(max(1, trials // 2)))
    texts: list[str] = []
    arms = []
    for name, better in (("agents/backend-engineer.md", 0.0), ("agents/revisions/rigorous.md", 0.15)):
        found = revisions.find(name, agent=Path(material.eval.agent), root=material.root)
        manifest = replace(
            material.manifest(found),
            cases=cases,
            graders=(GraderInfo(kind="judge", version="1", model="a model"),),
            eval=replace(
                material.eval,
                model=ModelSpec(name="a model"),
                graders=(GraderSpec(kind="judge", model=ModelSpec(name="a model")),),
                candidates=(),
            ),
        )
        arms.append(_arm(manifest, writer, (0.55 + better, parts), texts))
    report = assembling.report(
        arms, command="harness compare demo", provenance=assembling.provenance(arms, "none")
    )
    return report, deflated(recorded), deflated(texts)


def _copy(case: Case, number: int) -> Case:
    return replace(case, id=f"{case.id}-{number:04d}", title=f"{case.title or case.id} ({number})")


def _arm(manifest: Manifest, writer: Writer, how: tuple[float, int], texts: list[str]) -> Arm:
    willing, parts = how
    dimensions = [rubric.dimension for rubric in manifest.rubrics]
    outcomes: list[Outcome] = []
    for case in manifest.cases:
        text = writer.answer(parts)
        texts.append(text)
        answer = Answer(
            text=text, model="a model", usage=Usage(input_tokens=900, output_tokens=1200), seconds=9.0
        )
        verdicts = tuple(
            _verdict(rubric.dimension, criterion.id, text, writer, willing)
            for rubric in manifest.rubrics
            for criterion in rubric.criteria
        )
        trial = Trial(case=case.id, attempt=1, key=case.id)
        outcomes.append(outcome(trial, answer, verdicts, case, manifest.rubrics))
    found = tuple(outcomes)
    label = manifest.revision.label
    run = Run(
        id=label, manifest=manifest, created_at="2026-01-01T00:00:00Z", finished_at="2026-01-01T01:00:00Z"
    )
    return Arm(
        run=run,
        label=label,
        counts={"judge": counts(found, len(found))},
        outcomes={"judge": found},
        scores={"judge": scores(found, dimensions, {})},
        words=sum(len(text.split()) for text in texts) / len(texts),
        usage=Usage(),
        costs={"agent": None, "judge": None},
        seconds=9.0,
    )


def _verdict(dimension: str, criterion: str, text: str, writer: Writer, willing: float) -> Verdict:
    met = writer.chance(willing)
    quote = writer.quote(text) if met else ""
    return Verdict(dimension=dimension, criterion=criterion, met=met, quote=quote, reason=writer.reason())


# ------------------------------------------------------------------ what a browser does with it

_TIMED = """async (act) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await frame();
  const begin = performance.now();
  await ACTS[act]();
  await frame();
  return performance.now() - begin;
}"""
_ACTS = """window.ACTS = {
  filter: async () => { filter.elements.dimension.selectedIndex = 1; filter.elements.moved.value = "worse";
                        filter.elements.sort.value = "loss"; await apply(); },
  search: async () => { filter.reset(); filter.elements.text.value = "retries"; await apply(); },
  again: async () => { filter.elements.text.value = "postgres"; await apply(); },
  open: async () => { filter.reset(); await apply(); cases[0].open = true; await unfold(cases[0]); },
  heatmap: async () => { const one = document.querySelector("#heatmap details");
                         one.open = true; await unfold(one); },
};"""
_PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  const [first] = list.getEntriesByName("first-contentful-paint");
  if (first) done(first.startTime);
}).observe({ type: "paint", buffered: true }))"""
ACTS = ("filter", "search", "again", "open", "heatmap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A page of so many trials: bytes, CPU seconds to make it, milliseconds in the browser."""

    trials: int
    page_bytes: int
    make_s: float
    paint_ms: float
    filter_ms: float
    search_ms: float
    again_ms: float
    open_ms: float
    heatmap_ms: float


def measure(trials: int, parts: int, folder: Path) -> Size:
    """Make a page of so many trials and use it, each round in a tab of its own; the middle counts."""
    report, _, _ = made(trials, parts)
    charts = draw(report)
    began = time.process_time()
    text = html(report, charts)
    took = time.process_time() - began
    file = folder / f"{trials}.html"
    file.write_text(text, encoding="utf-8")
    rounds = _opened(file)
    middle = {name: median([each[name] for each in rounds]) for name in rounds[0]}
    return Size(
        trials=trials,
        page_bytes=len(text.encode()),
        make_s=took,
        paint_ms=middle["paint"],
        **{f"{act}_ms": middle[act] for act in ACTS},
    )


def _opened(file: Path) -> list[Mapping[str, float]]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not needed for --help

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("needs Chromium")
    rounds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            rounds.append(_used(page, file))
            page.close()
        browser.close()
    return rounds


def _used(page: "Page", file: Path) -> Mapping[str, float]:
    page.goto(file.as_uri())
    painted = float(page.evaluate(_PAINTED))
    page.evaluate(_ACTS)
    return {"paint": painted, **{act: float(page.evaluate(_TIMED, act)) for act in ACTS}}


# ------------------------------------------------------------------ what it says


def table(sizes: Sequence[Size]) -> str:
    """Lay the sizes out, and under them the exponents of all that is not mostly fixed cost."""
    heads = ("trials", "page, MB", "kB/trial", "to make, CPU s", "first paint, ms", "filter and sort, ms")
    rows: list[tuple[str, ...]] = [
        (*heads, "first search, ms", "next search, ms", "open a case, ms", "open the heatmap, ms")
    ]
    for size in sizes:
        kept = (
            f"{size.page_bytes / 1e6:.2f}",
            f"{size.page_bytes / 1e3 / size.trials:.1f}",
            f"{size.make_s:.2f}",
        )
        times = (size.paint_ms, size.filter_ms, size.search_ms, size.again_ms, size.open_ms, size.heatmap_ms)
        rows.append((f"{size.trials:,}", *kept, *(f"{each:,.0f}" for each in times)))
    if len(sizes) > 2:
        grown = (
            "page_bytes",
            "make_s",
            "paint_ms",
            "filter_ms",
            "search_ms",
            "again_ms",
            "open_ms",
            "heatmap_ms",
        )
        found = {name: _exponent(sizes[1:], name) for name in grown}
        first, *others = (f"{each:.2f}" for each in found.values())
        rows.append((f"exponent from {sizes[1].trials:,} on", first, "", *others))
    return markdown(rows)


def _exponent(sizes: Sequence[Size], name: str) -> float:
    values = [math.log(max(getattr(size, name), 0.01)) for size in sizes]
    return linear_regression([math.log(size.trials) for size in sizes], values).slope


def main() -> None:
    """Measure every size and print a table or JSON."""
    options = argparse.ArgumentParser(description="How large and how fast is the HTML report?")
    options.add_argument(
        "--trials", type=int, nargs="+", default=TRIALS, metavar="N", help="numbers of trials"
    )
    options.add_argument("--long", action="store_true", help="three recorded answers' words in each answer")
    options.add_argument("--json", action="store_true", help="print JSON")
    chosen = options.parse_args()
    parts = 3 if chosen.long else 1
    where = machine()
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        sizes = []
        for trials in sorted(set(chosen.trials)):
            print(f"{trials:,} trials …", file=sys.stderr)
            sizes.append(measure(trials, parts, Path(folder)))
    if chosen.json:
        print(json.dumps([asdict(size) for size in sizes], indent=2))
        return
    report, recorded, ours = made(100, parts)
    shares = f"deflated, recorded answers keep {recorded:.0%} of their bytes, those made of them {ours:.0%}"
    print(f"{where}; the middle of {ROUNDS} rounds; {report.base.words:,.0f} words an answer; {shares}\n")
    print(table(sizes))


if __name__ == "__main__":
    main()
