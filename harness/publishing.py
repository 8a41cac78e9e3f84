"""Write a report's files: whole or not at all, and only when what they say has changed."""

from pathlib import Path
from threading import Thread

from harness.drawing import Drawing
from harness.files import sha256, write
from harness.records.results import Report
from harness.reporting.junit import junit
from harness.reporting.markdown import markdown
from harness.reporting.summary import as_json as as_json_summary
from harness.reporting.summary import summary
from harness.reporting.tables import as_json, csv, fingerprint

_STAMP = ".content"


def publish(report: Report, reports: Path, drawing: Drawing) -> Path:
    """Write `reports/<name>/` and return the path of its page.

    Holds `index.html`, `report.md`, `results.csv`, `results.json`, `summary.json`, `junit.xml`, and the
    charts as SVG and PNG with their data as CSV. A report whose content and drawing code are those of last
    time is left as it is. The charts are drawn by `drawing` while the rest is written here.
    """
    folder = reports / report.name
    if drawing.ready:  # a run that made something: nobody else waits for that process
        drawing.take(report)
    stamp = sha256((_version() + fingerprint(report)).encode())
    if not _current(folder, stamp):
        if not drawing.ready:
            drawing.take(report)
        files = _files(report, drawing)
        # Without its stamp a half-written report is never taken for a whole one.
        (folder / _STAMP).unlink(missing_ok=True)
        for name, content in files.items():
            write(folder / name, content)
        write(folder / _STAMP, "\n".join((stamp, *files)).encode())
    return folder / "index.html"


def get_ready() -> None:
    """Load what pages are made with, in a thread of its own: for whoever has models to wait for meanwhile."""

    def load() -> None:
        from harness.reporting import page, templating  # noqa: F401, PLC0415 - as in `_files`

        templating.load()

    Thread(target=load, name="page").start()


def _files(report: Report, drawing: Drawing) -> dict[str, bytes]:
    from harness.reporting.cases import views  # noqa: PLC0415 - as below
    from harness.reporting.page import html  # noqa: PLC0415 - templates, which an unchanged report needs not
    from harness.reporting.templating import load  # noqa: PLC0415 - as above

    told = views(report)
    files = {
        "report.md": markdown(report).encode(),
        "results.csv": csv(report).encode(),
        "results.json": as_json(report).encode(),
        "junit.xml": junit([report]).encode(),
        "summary.json": as_json_summary(summary(report)).encode(),
    }
    load()  # before the charts are waited for
    charts = drawing.charts()
    return {
        "index.html": html(report, charts, told).encode(),
        **files,
        **{f"{name}.svg": chart.svg.encode() for name, chart in charts.items()},
        **{f"{name}.png": chart.png for name, chart in charts.items()},
        **{f"{name}.csv": chart.csv.encode() for name, chart in charts.items()},
    }


def _current(folder: Path, stamp: str) -> bool:
    """Say whether the folder holds all files of a report with this stamp."""
    try:
        found, *names = (folder / _STAMP).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return False
    return found == stamp and all((folder / name).is_file() for name in names)


def _version() -> str:
    """Hash the code that draws, so that a report is drawn again when its looks change."""
    here = Path(__file__).parent
    sources = [here / "drawing.py", *sorted((here / "charts").glob("*.py"))]
    sources += sorted((here / "reporting").rglob("*.*"))
    return sha256(b"".join(path.read_bytes() for path in sources if path.suffix != ".pyc"))
