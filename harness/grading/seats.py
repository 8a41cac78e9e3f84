"""Who is asked for a verdict: each judge of a grader, and each of its votes, has a seat."""

from dataclasses import dataclass

from harness.records.inputs import GraderSpec, JudgeMode, ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One judge's one vote: who is asked, how, for the how-manieth time, and whether it regrades.

    `draw` names votes that are drawn again although there are some, as each night's are of its sentinels.
    """

    model: ModelSpec
    mode: JudgeMode = "criterion"
    vote: int = 1
    draw: str = ""
    regrades: bool = False


def seats(spec: GraderSpec) -> tuple[Seat, ...]:
    """Give the seats from which every criterion is judged; none for a grader that asks no model."""
    voting = (
        Seat(model=model, mode=spec.mode, vote=vote)
        for vote in range(1, spec.votes + 1)
        for model in spec.judges
    )
    regrader = regrader_of(spec)
    always = spec.escalate is not None and spec.escalate.when == "both"
    return (*voting, *((regrader,) if regrader and always else ()))


def regrader_of(spec: GraderSpec) -> Seat | None:
    """Give the seat of the dearer judge: one vote, one criterion a call."""
    return None if spec.escalate is None else Seat(model=spec.escalate.model, regrades=True)


def how_asked(spec: GraderSpec) -> list[str]:
    """Say how a judge is asked, each thing in a few words."""
    said = [f"one {spec.mode} a call"]
    if spec.votes > 1:
        said.append(f"{spec.votes} votes each")
    if spec.escalate:
        what = "what flips" if spec.escalate.when == "flips" else "everything"
        said.append(f"{what} regraded by {spec.escalate.model.name}")
    return said
