"""What one call cost, shared over the verdicts that it gave, so that the shares add up to exactly that."""

import math
from collections.abc import Sequence

from harness.records.outcomes import Usage


def shared(amount: float, parts: int) -> Sequence[float]:
    """Cut an amount of 0 or more into nearly equal parts whose sum, in any order, is that amount.

    Parts are whole numbers of the amount's last bit, so no addition among them has to round.

    >>> sum(shared(0.1, 3)) == 0.1
    True
    """
    unit = math.ulp(amount)
    return [count * unit for count in _whole(int(amount / unit), parts)]


def usages(usage: Usage, parts: int) -> Sequence[Usage]:
    """Cut the tokens of a call into nearly equal parts."""
    rows = zip(
        _whole(usage.input_tokens, parts),
        _whole(usage.output_tokens, parts),
        _whole(usage.cache_write_tokens, parts),
        _whole(usage.cache_read_tokens, parts),
        strict=True,
    )
    return [
        Usage(input_tokens=sent, output_tokens=made, cache_write_tokens=written, cache_read_tokens=read)
        for sent, made, written, read in rows
    ]


def _whole(amount: int, parts: int) -> Sequence[int]:
    each, rest = divmod(amount, parts)
    return [each + (place < rest) for place in range(parts)]
