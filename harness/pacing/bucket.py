"""Credit that refills with time: the arithmetic of every limit per second or minute."""

from dataclasses import dataclass

_INSTANT = 1e-5  # seconds: shorter than any timer keeps, and what rounding leaves behind


@dataclass(slots=True)
class Bucket:
    """Credit that refills at `rate` a second up to `depth`; it may be overdrawn, and is then waited for."""

    rate: float
    depth: float
    level: float
    at: float

    def wait(self, now: float, amount: float) -> float:
        """Seconds until `amount` may be spent; more than the bucket can hold waits for a full one."""
        self._refill(now)
        seconds = (min(amount, self.depth) - self.level) / self.rate
        return seconds if seconds > _INSTANT else 0.0

    def spend(self, now: float, amount: float) -> None:
        """Take credit out, whether it is there or not."""
        self._refill(now)
        self.level -= amount

    def _refill(self, now: float) -> None:
        if now > self.at:
            self.level = min(self.depth, self.level + self.rate * (now - self.at))
            self.at = now
