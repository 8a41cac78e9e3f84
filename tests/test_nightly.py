"""A night through the front door: the command as a process, the real SDK, a server that counts."""

from dataclasses import dataclass, field

from front_door import Door
from loopback import Loopback


@dataclass
class Town:
    """A project with a nightly eval against a server whose agent and judge behave as told.

    Each criterion is met in an answer that says so. `live` and `control` are the shares of met criteria in
    points, dealt out in turn so that nothing is random; `strict` is the share of met verdicts the judge no
    longer gives.
    """

    door: Door
    server: Loopback
    live: float = 70.0
    control: float = 70.0
    strict: float = 0.0
    dealt: dict[str, float] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
