"""What the page folds away, embedded small: deflated after a dictionary that all of it shares.

The page's script unpacks it with what browsers have, `DecompressionStream`, which takes no dictionary. But a
deflate stream may begin with a block that is stored as it is (RFC 1951, section 3.2.4): the script puts the
dictionary there, and drops it from what comes out. The bytes are written in base 85, a sixteenth shorter than
in base 64, without the three letters that mean something in HTML.
"""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.record import Record

_HARMLESS = bytes.maketrans(b"&<>", b",./")
_WINDOW = 1 << 15
"""Bytes that deflate looks back."""
_LEVEL = 6
"""The highest one, 9, takes twice as long for less than a hundredth of the page."""
_WORTH = 8
"""Texts that a dictionary is worth its room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packer(Record):
    """Packs HTML; `known` is the dictionary, at most `_WINDOW` bytes of text that is like what is packed."""

    known: bytes = b""

    def pack(self, html: str) -> str:
        """Give HTML deflated, without a header, in base 85."""
        if self.known:
            squeeze = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS, memLevel=9, zdict=self.known)
        else:
            squeeze = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS, memLevel=9)
        squeezed = squeeze.compress(html.encode()) + squeeze.flush()
        return base64.b85encode(squeezed).translate(_HARMLESS).decode()

    @property
    def packed(self) -> str:
        """The dictionary, packed without one."""
        return Packer().pack(self.known.decode())


def samples(count: int) -> Sequence[int]:
    """Say which of so many texts a packer should know; none of a few, which are not worth a dictionary."""
    return () if count < _WORTH else tuple(place * count // 3 for place in range(3))


def packer(known: Sequence[str]) -> Packer:
    """Make a packer for texts like these `samples`: it knows how two of them begin and how one ends."""
    if not known:
        return Packer()
    first, second, third = (text.encode() for text in known)
    parts = (first[: _WINDOW * 3 // 8], second[: _WINDOW * 3 // 8], third[-_WINDOW // 4 :])
    return Packer(known=b"".join(part.decode(errors="ignore").encode() for part in parts))
