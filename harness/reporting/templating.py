"""The page's templates, everything escaped, and the way its folded parts are embedded.

Only what `answers` rendered and our own files go in as they are.
"""

import base64
import zlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.reporting import words
from harness.reporting.untrusted import shortened, visible


def filled(name: str, **values: object) -> str:
    """Fill a template; every value in it is escaped."""
    return _templates().get_template(name).render(**values)


def packed(html: str) -> str:
    """Give HTML as the page embeds what is folded away: deflated (RFC 1951), in base64.

    The page's script puts it in when a reader opens it: made here, escaped here, only unpacked there.
    """
    squeeze = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(squeeze.compress(html.encode()) + squeeze.flush()).decode()


@cache
def asset(name: str) -> str:
    """Give one of our own files from the folder of the templates."""
    return (files("harness.reporting") / "templates" / name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.reporting"),
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
    }
    environment.filters |= filters
    return environment


def _short(text: str, length: int = 240) -> str:
    return shortened(text, length)
