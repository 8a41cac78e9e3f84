"""`harness view` as a process, asked over real HTTP: what is shown, to whom, and what is refused."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest

from front_door import REPOSITORY, Door
from harness.reporting.index import html
from harness.store.opening import open_store
from harness.viewing.guard import file_below, host_allowed, in_cookie, in_query
from harness.viewing.sight import Sight
from test_page_browser import barriers, browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]  # the fixture


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Served:
    """A server that runs, and the token that it printed."""

    port: int
    token: str

    def ask(self, path: str = "/", *, method: str = "GET", **headers: str) -> Answered:
        """Send one request, with the cookie unless another is given."""
        given = {"Cookie": f"harness-{self.port}={self.token}", **headers}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request(method, path, headers={name: value for name, value in given.items() if value})
            reply = line.getresponse()
            return Answered(reply.status, dict(reply.getheaders()), reply.read())


@contextmanager
def serving(door: Door, *options: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "view", *options],
        cwd=door.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip())
        assert address.port is not None, "the server did not start"
        yield Served(address.port, address.query.removeprefix("token="))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = Door(tmp_path_factory.mktemp("clone"), key="")
    for folder in ("agents", "datasets", "evals"):
        shutil.copytree(REPOSITORY / folder, door.root / folder)
    assert door.run("demo").code == 0
    return door


@pytest.fixture(scope="module")
def served(demo: Door) -> Iterator[Served]:
    with serving(demo) as found:
        yield found


def folder(demo: Door) -> str:
    (found,) = (demo.root / "reports").glob("demo--*")
    return found.name


def test_the_index_shows_verdicts_runs_and_links(demo: Door, served: Served) -> None:
    page = served.ask()
    assert page.status == 200
    for words in ("▲ better", "▼ worse", "rigorous against backend-engineer", "3 runs"):
        assert words in page.text
    links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert f"reports/{folder(demo)}/index.html".replace("+", "%2B") in links
    for link in links:
        assert served.ask(f"/{link}").status == 200, link


def test_the_trend_is_drawn_for_both_themes_and_given_as_numbers(served: Served) -> None:
    light, dark = (served.ask(f"/trend/demo{kind}.svg").text for kind in ("", ".dark"))
    assert "#ffffff" in light
    assert "#ffffff" not in dark
    assert served.ask("/trend/demo.csv").text.count("\n") == 4
    assert served.ask("/trend/other.svg").status == 404


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ('"verdict": "better"', '"verdict": "<b>"'),
        ('"format": 1', '"format": 2'),
        ("{", "["),
        ("{", "[" * 100_000),
    ],
)
def test_a_summary_that_cannot_be_read_hides_no_other(
    tmp_path: Path, demo: Door, said: str, instead: str
) -> None:
    for name in ("good", "other <b>"):
        shutil.copytree(demo.root / "reports" / folder(demo), tmp_path / name)
    file = tmp_path / "other <b>" / "summary.json"
    assert said in file.read_text()
    file.write_text(file.read_text().replace(said, instead))
    page = html(Sight(project="p", reports=tmp_path, store=None).overview())
    assert page.count("▲ better") == 1
    assert "other &lt;b&gt;</a>" in page


# ------------------------------------------------------------------ who is let in


def test_the_address_with_the_token_gives_a_cookie_that_scripts_cannot_read(served: Served) -> None:
    found = served.ask(f"/?token={served.token}", Cookie="")
    assert (found.status, found.headers["location"]) == (303, "/")
    cookie = found.headers["set-cookie"]
    assert cookie.startswith(f"harness-{served.port}={served.token}; ")
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("path", "here"),
    [("/live", "/live"), ("//evil.example/", "/evil.example/"), ("/%E2%82%AC%0d%0ax", "/%E2%82%AC%0D%0Ax")],
)
def test_the_token_sends_nobody_elsewhere(served: Served, path: str, here: str) -> None:
    found = served.ask(f"{path}?token={served.token}", Cookie="")
    assert (found.status, found.headers["location"]) == (303, here)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Cookie": ""}),
        ("/", {"Cookie": "harness=x; harness-1=y"}),
        ("/?token=", {"Cookie": ""}),
        ("/?token=nearly", {"Cookie": ""}),
        ("/live", {"Cookie": ""}),
        ("/trend/demo.svg", {"Cookie": ""}),
    ],
)
def test_without_the_token_nothing_is_shown(served: Served, path: str, headers: dict[str, str]) -> None:
    found = served.ask(path, **headers)
    assert found.status == 403
    assert b"demo" not in found.body


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "localhost.evil", ""]
)
def test_another_host_is_refused_even_with_the_token(served: Served, host: str) -> None:
    assert served.ask("/", Host=host or " ").status in {400, 421}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_written(served: Served, method: str) -> None:
    found = served.ask("/", method=method)
    assert (found.status, found.headers["allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_body(demo: Door, served: Served) -> None:
    path = f"/reports/{folder(demo)}/report.md"
    got, headed = served.ask(path), served.ask(path, method="HEAD")
    assert headed.body == b""
    assert headed.headers["content-length"] == str(len(got.body))


def test_every_reply_keeps_strangers_out(demo: Door, served: Served) -> None:
    for path in ("/", "/nowhere", f"/reports/{folder(demo)}/index.html", "/live"):
        headers = served.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/reports/../pyproject.toml",
        "/reports/%2e%2e/pyproject.toml",
        "/reports/..%2f..%2fpyproject.toml",
        "/reports//etc/passwd",
        "/reports/%2fetc%2fpasswd",
        "/reports/./x",
        "/reports/linked/index.html",
        "/reports/real/linked.html",
        "/reports/real/.content",
        "/reports/real/store.db",
        "/reports/real",
        "/reports/",
        "/reports/real/index.html%00.png",
        "/reports/real\\index.html",
        "/.harness/store.db",
    ],
)
def test_only_plain_files_of_reports_are_served(demo: Door, served: Served, path: str) -> None:
    real = demo.root / "reports" / "real"
    if not real.exists():
        real.mkdir()
        for name in ("index.html", ".content", "store.db"):
            (real / name).write_text("secret")
        (real / "linked.html").symlink_to(real / "index.html")
        (real.parent / "linked").symlink_to(real)
    assert served.ask("/reports/real/index.html").status == 200
    assert "reports/linked" not in served.ask().text
    found = served.ask(path)
    assert found.status == 404
    assert b"secret" not in found.body


def test_a_port_that_is_taken_is_an_error_that_says_so(demo: Door, served: Served) -> None:
    done = demo.run("view", "--port", str(served.port))
    assert done.code == 2
    assert f"--port {served.port}" in done.err


def test_without_reports_or_a_store_there_is_nothing_to_view(tmp_path: Path) -> None:
    done = Door(tmp_path / "empty").run("view")
    assert done.code == 2
    assert "harness demo" in done.err


# ------------------------------------------------------------------ a run as it goes on


@pytest.fixture
def unfinished(tmp_path: Path) -> tuple[Door, str]:
    """Give the demo with a run that was left in the middle, and the id of that run."""
    door = Door(tmp_path / "clone", key="")
    for name in ("agents", "datasets", "evals"):
        shutil.copytree(REPOSITORY / name, door.root / name)
    assert door.run("demo").code == 0
    run = door.run("list", "--json").data[-1]["id"]
    change(door, "update runs set finished_at = '' where id = ?", run)
    change(door, "delete from verdicts where rowid % 2 = 0")
    change(door, "delete from answers where rowid % 3 = 0")
    return door, run


def change(door: Door, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(door.root / ".harness" / "store.db")) as store, store:
        store.execute(statement, values)


def test_an_unfinished_run_is_shown_until_it_is_finished(unfinished: tuple[Door, str]) -> None:
    door, run = unfinished
    with serving(door) as found:
        first = json.loads(found.ask("/live").body)
        assert not first["moving"]
        assert run in first["html"]
        assert 'id="running" aria-live="polite" >' in found.ask().text
        assert door.run("demo").code == 0
        assert json.loads(found.ask("/live").body) == {"html": "", "moving": False}
        assert 'id="running" aria-live="polite" hidden>' in found.ask().text


def test_a_run_moves_while_something_new_is_stored_of_it(unfinished: tuple[Door, str]) -> None:
    door, run = unfinished
    now = [0.0]
    with open_store(door.root / ".harness" / "store.db", create=False) as store:
        sight = Sight(project="p", reports=door.root / "reports", store=store, clock=lambda: now[0])
        (first,) = sight.running()
        assert (first.run, first.planned, first.moving) == (run, 12, False)
        assert first.graded < first.answered < first.planned
        assert door.run("demo").code == 0
        change(door, "update runs set finished_at = '' where id = ?", run)
        (second,) = sight.running()
        assert (second.answered, second.graded, second.moving) == (12, 12, True)
        now[0] = 31.0
        (third,) = sight.running()
        assert (third.graded, third.moving) == (12, False)


# ------------------------------------------------------------------ the parts


@pytest.mark.parametrize(
    ("header", "served_host", "allowed"),
    [
        ("127.0.0.1:80", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("[::1]:80", "::1", True),
        ("LOCALHOST:1", "127.0.0.1", True),
        ("10.0.0.5:80", "127.0.0.1", False),
        ("10.0.0.5:80", "0.0.0.0", True),  # noqa: S104 - a person asked for it
        ("build.example:80", "build.example", True),
        ("evil.example:80", "0.0.0.0", False),  # noqa: S104 - as above
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
    ],
)
def test_a_host_is_ours_by_name_or_in_figures(header: str, served_host: str, allowed: bool) -> None:
    assert host_allowed(header, served_host) is allowed


def test_a_token_is_found_where_it_belongs_and_nowhere_else() -> None:
    assert in_query(b"token=abc", "abc")
    assert not in_query(b"token=ab%00c&token=abc", "abc")
    assert not in_query(b"xtoken=abc", "abc")
    assert in_cookie("a=b; harness=abc", "harness", "abc")
    assert not in_cookie("harness=ab\xff", "harness", "abc")
    assert not in_cookie(";;;=", "harness", "abc")


def test_a_name_that_no_system_takes_is_not_there(tmp_path: Path) -> None:
    assert file_below(tmp_path, "x" * 5000 + ".html") is None
    assert file_below(tmp_path, "\ud800.html") is None


@pytest.mark.browser
def test_in_a_browser_it_shows_everything_and_breaks_no_policy(browser: "Browser", served: Served) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://127.0.0.1:{served.port}/?token={served.token}")
    assert page.url == f"http://127.0.0.1:{served.port}/"  # the token stays in no history
    page.wait_for_function("() => document.querySelector('img').naturalWidth > 0")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.click("a[href*='demo--']")
    page.wait_for_selector("h1")
    assert page.evaluate("document.cookie") == ""
    assert said == []
    page.close()


@pytest.mark.browser
def test_axe_finds_nothing_on_the_index(browser: "Browser", unfinished: tuple[Door, str]) -> None:
    """Axe looks at it with a run that is not finished and the table of runs open, in each theme and width."""
    door, run = unfinished
    with serving(door) as found:
        schemes: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 390))
        for scheme, width in schemes:
            page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
            page.goto(f"http://127.0.0.1:{found.port}/?token={found.token}")
            page.locator("summary").click()
            assert run in page.locator("#live").inner_text()
            page.get_by_text("No trend: none").wait_for()  # half of the finished runs' verdicts is gone, too
            assert barriers(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width
            page.close()
