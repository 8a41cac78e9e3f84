"""`harness init nightly`: the files that have evals run every night, and at every pull request."""

import importlib.metadata
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import click

from harness.cli.options import eval_path
from harness.cli.screen import err, out, plain
from harness.errors import InputError
from harness.files import is_file, read_text, root_of, shown, write
from harness.project import load

_PACKAGE = "agent-prompt-harness"
_LOCKED = (
    "pip install --require-hashes -r requirements.lock && pip install --no-deps --no-build-isolation -e ."
)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")

# For each scheduler the files it wants: from which template, to which place in the project.
_FILES: Mapping[str, Mapping[str, str]] = {
    "github": {
        "github-nightly.yml": ".github/workflows/harness-nightly.yml",
        "github-compare.yml": ".github/workflows/harness-compare.yml",
    },
    "gitlab": {"gitlab.yml": ".gitlab/harness.yml"},
    "systemd": {
        "systemd.service": "ops/harness-nightly.service",
        "systemd.timer": "ops/harness-nightly.timer",
    },
    "cron": {"crontab": "ops/harness-nightly.cron"},
}
_GITLAB, _INCLUDE = ".gitlab-ci.yml", "include:\n  - local: .gitlab/harness.yml\n"
_SECRETS = (
    "mkdir -p ~/.config/harness && (umask 077 && ${EDITOR:-vi} ~/.config/harness/nightly.env)"
    "   # ANTHROPIC_API_KEY=…"
)
_NEXT: Mapping[str, Sequence[str]] = {
    "github": ("gh secret set ANTHROPIC_API_KEY", "git add .github && git commit && git push"),
    "gitlab": (
        "add ANTHROPIC_API_KEY under Settings, CI/CD, Variables: masked and protected",
        "add a schedule of the default branch under Build, Pipeline schedules",
    ),
    "systemd": (
        _SECRETS,
        'systemctl --user link "$PWD"/ops/harness-nightly.service "$PWD"/ops/harness-nightly.timer',
        "systemctl --user enable --now harness-nightly.timer",
        "loginctl enable-linger   # also while nobody is logged in",
    ),
    "cron": (_SECRETS, "(crontab -l 2>/dev/null; cat ops/harness-nightly.cron) | crontab -"),
}


@click.group("init", short_help="Write the files that have evals run every night.")
def command() -> None:
    """Write files that set something up; what is there is never overwritten without --force."""


@command.command("nightly", short_help="Run evals every night.")
@click.argument("names", nargs=-1, metavar="[EVAL]…")
@click.option("--github", "kinds", flag_value="github", multiple=True, help="GitHub Actions.")
@click.option("--gitlab", "kinds", flag_value="gitlab", multiple=True, help="GitLab CI.")
@click.option("--systemd", "kinds", flag_value="systemd", multiple=True, help="A systemd timer.")
@click.option("--cron", "kinds", flag_value="cron", multiple=True, help="A line for crontab.")
@click.option("--at", default="02:17", show_default=True, metavar="HH:MM", help="When; UTC but for cron.")
@click.option("--install", default="", metavar="COMMAND", help="How CI installs the harness.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def nightly(names: tuple[str, ...], kinds: tuple[str, ...], *, at: str, install: str, force: bool) -> int:
    """Write what runs `harness nightly` for each EVAL, every night, and compares prompts in pull requests.

    Without an EVAL: all that say `nightly:` and ask a model. The files work as they are, and are yours to
    change; what is left to do is printed. Keys are never written: they come from the scheduler's secrets.
    """
    if not kinds:
        msg = "say where it is to run: --github, --gitlab, --systemd or --cron"
        raise click.UsageError(msg)
    root = root_of(Path.cwd())
    values = _values(_evals(names, root), root, at=at, install=install)
    made = {place: text for kind in kinds for place, text in _rendered(kind, values, root).items()}
    there = [place for place in made if (root / place).exists()]
    if there and not force:
        msg = f"{', '.join(there)}: there already; nothing was written"
        raise InputError(msg, hint="--force overwrites; or move them away and merge by hand")
    for place, text in made.items():
        write(root / place, text.encode())
        out().print(plain(f"wrote {place}"), soft_wrap=True)
    for kind in kinds:
        err().print(f"\nWhat is left for {kind}:")
        for line in _NEXT[kind]:
            err().print(plain(f"  {line}"), soft_wrap=True)
    return 0


def _evals(names: Sequence[str], root: Path) -> list[str]:
    """Name the evals that run at night; InputError for one that cannot."""
    if not names:
        found = {path.stem: load(path).eval for path in sorted((root / "evals").glob("*.yaml"))}
        names = [
            name for name, asked in found.items() if asked.nightly and asked.model.provider != "recorded"
        ]
    if not names:
        msg = "no eval of this project that asks a model says `nightly:`"
        raise InputError(msg, hint="name a pinned control in one: nightly: {control: REVISION}")
    for name in names:
        path = eval_path(name)
        if load(path).eval.nightly is None:
            msg = f"{shown(path, root)}: nightly: is missing; it names the pinned control"
            raise InputError(msg, hint="add: nightly: {control: REVISION}")
        # A name goes into scripts that others run.
        if not _PLAIN.fullmatch(path.stem) or not is_file(root / "evals" / f"{path.stem}.yaml"):
            msg = f"{name}: must be a file in evals/ named with letters, digits, dots, dashes and underscores"
            raise InputError(msg)
    return [eval_path(name).stem for name in names]


def _values(evals: Sequence[str], root: Path, *, at: str, install: str) -> dict[str, str]:
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", at)
    if not found:
        msg = f"--at must be a time such as 02:17, got {at!r}"
        raise InputError(msg)
    if "\n" in install:
        msg = "--install must be one line"
        raise InputError(msg)
    if not install:
        cloned = is_file(root / "requirements.lock") and is_file(root / "harness" / "__main__.py")
        install = (
            _LOCKED
            if cloned
            else f"pip install '{_PACKAGE}[postgres]=={importlib.metadata.version(_PACKAGE)}'"
        )
    return {"EVALS": " ".join(evals), "HOUR": found[1], "MINUTE": found[2], "INSTALL": install}


def _rendered(kind: str, values: Mapping[str, str], root: Path) -> dict[str, str]:
    """Give the files of one scheduler by their places."""
    here = {"ROOT": str(root), "PYTHON": sys.executable}
    if kind == "systemd":
        here = {"ROOT": _unit(here["ROOT"]), "PYTHON": _unit_word(here["PYTHON"])}
    if kind == "cron":
        here = {name: _cron(path) for name, path in here.items()}
    templates = files("harness.data").joinpath("nightly")
    made = {
        place: _filled(templates.joinpath(name).read_text(encoding="utf-8"), {**values, **here})
        for name, place in _FILES[kind].items()
    }
    if kind == "gitlab":
        if not is_file(root / _GITLAB):
            made[_GITLAB] = _INCLUDE
        elif ".gitlab/harness.yml" not in read_text(root / _GITLAB):
            err().print(f"! {_GITLAB} is there: add to it\n{_INCLUDE}")
    return made


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], text)


def _unit(path: str) -> str:
    """Write a path into a unit, where % begins a specifier."""
    return path.replace("%", "%%")


def _unit_word(path: str) -> str:
    """Write a path as one word of a unit's command line."""
    escaped = path.replace("\\", r"\\").replace('"', r"\"").replace("$", "$$")
    return f'"{_unit(escaped)}"'


def _cron(path: str) -> str:
    """Write a path into a crontab, where % ends the command."""
    return shlex.quote(path).replace("%", r"\%")
