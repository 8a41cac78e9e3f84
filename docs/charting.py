"""Draw the pictures of docs/charts.md: `harness chart` on the demo, and examples. Run by `make charts`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from harness.charts.canvas import styled
from harness.charts.cost import Drawn, plotted, unbeaten
from harness.charts.trend import trend
from harness.comparison.trending import Scored, periods

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
BOTH = ("backend-engineer", "rigorous")
OF_DEMO: dict[str, tuple[str, ...]] = {
    "forest": (*BOTH, "security-blind"),
    "scores": (*BOTH, "security-blind"),
    "heatmap": (*BOTH, "security-blind"),
    "criteria": BOTH,
    "distribution": (*BOTH, "security-blind"),
    "discrimination": BOTH,
    "calibration": ("demo",),
}
EXAMPLES = ("trend", "cost")


def main(images: Path = IMAGES) -> int:
    """Draw all of them; the demo runs in a folder of its own, where no other run is stored."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("agents", "datasets", "evals"):
            shutil.copytree(ROOT / part, folder / part)
        (folder / "pyproject.toml").touch()
        _harness(folder, "demo")
        _harness(folder, "calibrate", "demo")
        for kind, names in OF_DEMO.items():
            _harness(folder, "chart", kind, *names, "--out", str(images / f"chart-{kind}.svg"))
    with styled():
        for kind, chart in zip(EXAMPLES, (trend(periods(_nights())), plotted(_priced())), strict=True):
            assert chart is not None  # noqa: S101 - there are numbers below
            (images / f"chart-{kind}.svg").write_text(chart.svg, encoding="utf-8")
    return 0


def _harness(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "harness", *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


def _nights() -> list[Scored]:
    """Give an example of sixty nights: a prompt that costs six points, and later another judge."""
    wobble = 1.6 * np.random.default_rng(2).standard_normal(60)
    found = []
    for night in range(60):
        score = float(78 + wobble[night] - (6 if night >= 27 else 0) + (5 if night >= 46 else 0))
        prompt = "v1.2" if night < 14 else "v1.3" if night < 27 else "v1.4"
        found.append(
            Scored(
                at=f"2026-{9 + night // 30:02}-{1 + night % 30:02}T02:00:00Z",
                run=f"{night:012}",
                label=prompt,
                scores={"overall": score},
                ground={"grader": "one" if night < 46 else "two"},
                bounds={"overall": (score - 3.4, score + 3.1)},
                prompt=prompt,
            )
        )
    return found


def _priced() -> list[Drawn]:
    """Give an example of two prompts on three models."""
    rows = (
        ("short prompt", "small", 0.30, 61.0),
        ("long prompt", "small", 0.52, 66.0),
        ("short prompt", "medium", 1.20, 74.0),
        ("long prompt", "medium", 2.10, 88.0),
        ("short prompt", "large", 4.60, 83.0),
        ("long prompt", "large", 6.20, 89.0),
    )
    return unbeaten(
        [
            Drawn(
                run="", revision=revision, model=model, cost=cost, score=score,
                low=score - 5, high=min(100.0, score + 4), n=12,
            )
            for revision, model, cost, score in rows
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
