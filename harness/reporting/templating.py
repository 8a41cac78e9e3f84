"""The pages' templates: everything that is put into them is escaped.

Only what `answers` rendered and our own files go in as they are.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.reporting import words
from harness.reporting.untrusted import shortened, visible

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE = re.compile(r"`([^`]+)`")


def filled(name: str, **values: object) -> str:
    """Fill a template; every value in it is escaped."""
    return _templates().get_template(name).render(**values)


def load() -> None:
    """Compile all templates ahead of their first use: a tenth of a second."""
    for name in _templates().list_templates(extensions=("html",)):
        _templates().get_template(name)


@cache
def asset(name: str) -> str:
    """Give one of our own files from the folder of the templates."""
    return (files("harness.reporting") / "templates" / name).read_text(encoding="utf-8")


def hashed(text: str) -> str:
    """Name a script or style as a Content-Security-Policy does."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.reporting"),
        auto_reload=False,  # else each use asks the disk whether the file has changed
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"words": words, "marks": words.MARKS}
    filters: dict[str, Callable[..., str]] = {
        "answer": Markup,
        "kind": lambda word: str(word).replace(" ", "-"),
        "shown": visible,
        "short": _short,
        "told": _told,
    }
    environment.filters |= filters
    return environment


def _told(text: str) -> Markup:
    """Show a sentence of ours, with what stands between backticks as code; all of it is escaped first."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(visible(text)))))  # noqa: S704 - see above


def _short(text: str, length: int = 240) -> str:
    return shortened(text, length)
