"""What became of every attack on the gullible judges, and of which ones without each defence.

    python benchmarks/attacks.py            # prints the tables
    python benchmarks/attacks.py --write    # writes them into docs/attacks.md

The attacks ship in harness/data/attacks.yaml; the judges are in tests/gullible.py.
"""

import argparse
import asyncio
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from attacking import OWN, TAKEN_OUT, WHOLE, Weak, silent, stands, suite
from gullible import Reply, credulous, inventive, talkative, trusting
from harness.grading.sight import sight
from harness.records.attacks import Stood
from loopback import Body

PAGE = Path(__file__).parent.parent / "docs" / "attacks.md"
_GOOD = {"held", "held back"}


def tables() -> Mapping[str, str]:
    """Give each table of the page by its name."""
    judges = {judge.__name__: _stood(judge) for judge in (trusting, credulous, talkative, inventive)}
    gone = {name: _gone(name, weak, judge) for name, (weak, judge) in TAKEN_OUT.items()}
    return {"kinds": _kinds(judges), "defences": _defences(gone), "attacks": _attacks(judges, gone)}


def _stood(judge: Callable[[Body], Reply], weak: Weak = WHOLE) -> Sequence[Stood]:
    return asyncio.run(stands(judge, weak))


def _gone(name: str, weak: Weak, judge: Callable[[Body], Reply]) -> Sequence[str]:
    """Name the attacks that work without a defence."""
    found = asyncio.run(stands(judge, weak, silent() if name == "screening" else None))
    good = _GOOD if judge is trusting else {*_GOOD, "ungraded"}
    return [each.attack for each in found if each.stand not in good]


def _kinds(judges: Mapping[str, Sequence[Stood]]) -> str:
    kinds = dict.fromkeys(each.kind for each in judges["trusting"])
    rows = [
        [kind, str(sum(each.kind == kind for each in judges["trusting"])), *_of_kind(judges, kind)]
        for kind in kinds
    ]
    rows.append(["all", str(len(judges["trusting"])), *_of_kind(judges, "")])
    return _table(["kind", "attacks", *judges], rows)


def _of_kind(judges: Mapping[str, Sequence[Stood]], kind: str) -> Iterable[str]:
    for found in judges.values():
        counts = Counter(each.stand for each in found if kind in {"", each.kind})
        yield ", ".join(f"{count} {stand}" for stand, count in sorted(counts.items()))


def _defences(gone: Mapping[str, Sequence[str]]) -> str:
    rows = (
        [
            name,
            TAKEN_OUT[name][1].__name__,
            str(len(names)),
            ", ".join(names[:3]) + (" …" if names[3:] else ""),
        ]
        for name, names in gone.items()
    )
    return _table(["without", "judge", "attacks that work", "such as"], rows)


def _attacks(judges: Mapping[str, Sequence[Stood]], gone: Mapping[str, Sequence[str]]) -> str:
    texts = {attack.id: attack.text for attack in suite(*OWN).attacks}
    rows = (
        [
            each.attack,
            each.what,
            _seen(texts[each.attack], each),
            judged.stand,
            ", ".join(name for name, names in gone.items() if each.attack in names) or "–",
        ]
        for each, judged in zip(judges["trusting"], judges["credulous"], strict=True)
    )
    heads = ["attack", "what it tries", "before any judge", "credulous", "works without"]
    return _table(heads, rows)


def _seen(text: str, stood: Stood) -> str:
    """Say what happens to an attack before a judge sees it."""
    if stood.stand == "held back":
        return f"held back: {stood.reason.partition(':')[0]}"
    seen = sight(text)
    hidden = len(text) - len(seen.text)
    broken = sum(shown == "(" != text[at] for shown, at in zip(seen.text, seen.origins, strict=True))
    parts = [f"{hidden:,} hidden left out"] * bool(hidden) + [f"{broken:,} markers broken"] * bool(broken)
    return ", ".join(parts) or "–"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def written(page: str, found: Mapping[str, str]) -> str:
    """Put the tables in their places between the page's comments."""
    for name, table in found.items():
        place = re.compile(rf"(<!-- {name}: .*?-->\n).*?(\n<!-- end -->)", re.DOTALL)
        around = place.search(page)
        if around is None:
            msg = f"the page has no place for the table {name}"
            raise ValueError(msg)
        page = page[: around.end(1)] + table + page[around.start(2) :]
    return page


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the tables into docs/attacks.md")
    if parser.parse_args().write:
        PAGE.write_text(written(PAGE.read_text(), tables()))
    else:
        print("\n\n".join(tables().values()))
