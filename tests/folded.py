"""What a page folds away, unpacked in Python as its script does it in a browser."""

import base64
import re
import zlib

PACKS = re.compile(r'<script type="application/deflate"[^>]*>([^<]*)</script>')
_LETTERS = bytes.maketrans(b",./", b"&<>")


def unfolded(page: str) -> str:
    """Put everything that is folded away where it unfolds."""
    *_, last = PACKS.finditer(page)  # what all of them share, which unfolds nowhere
    known = _inflated(last[1], b"")
    page = page[: last.start()] + page[last.end() :]
    return PACKS.sub(lambda found: f'<div class="body">{_inflated(found[1], known).decode()}</div>', page)


def _inflated(packed: str, known: bytes) -> bytes:
    squeezed = base64.b85decode(packed.encode().translate(_LETTERS))
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS, zdict=known) if known else zlib.decompressobj(-15)
    return unpacking.decompress(squeezed) + unpacking.flush()
