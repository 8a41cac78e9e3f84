"""What the runner asks of whoever answers."""

from typing import Protocol

from harness.records.outcomes import Answer, Request

API_VERSION = "2026-10-21"
"""The version of the Messages API that is spoken; it changes what a request means, so it is in every key."""


class Model(Protocol):
    """Whoever answers: the API, or a file of recorded answers."""

    async def answer(self, request: Request) -> Answer:
        """Answer one request; refusals and cut answers are answers, told apart by `stop_reason`.

        Raises CallError when this call failed for good, and AccessError when every call would.
        """
        ...
