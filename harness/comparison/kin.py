"""Whether who judges and who answered are the same model, or of one family."""

import re

from harness.records.inputs import Eval
from harness.reporting.words import listed

_LETTERS = re.compile(r"[^\W\d_]+")


def kin(asked: Eval, grader: str) -> str:
    """Name every judge that is of the agent's family, whoever regrades included; empty where none is."""
    agent = asked.model.name
    judges = [model.name for spec in asked.graders if spec.kind == grader for model in spec.models]
    same = [judge for judge in dict.fromkeys(judges) if related(judge, agent)]
    if not same:
        return ""
    of_family = f"of the family of the model that answered ({agent})"
    who = "the model that answered" if same == [agent] else of_family
    verb = "is" if len(same) == 1 else "are"
    subject = f"The judge, {same[0]}, is" if len(judges) == 1 else f"Of the judges, {listed(same)} {verb}"
    return f"{subject} {who}: such judges tend to favour what they might have written."


def related(one: str, other: str) -> bool:
    """Say whether two models are of one family by name: the last word before the first hyphen.

    So who serves a model, and its version, make no other family.

    >>> related("claude-opus-5-5", "anthropic/us.anthropic.claude-haiku-5-5")
    True
    """
    return bool(one) and _family(one) == _family(other)


def _family(model: str) -> str:
    name = model.rpartition("/")[2].partition("-")[0].casefold()
    words = _LETTERS.findall(name)
    return words[-1] if words else name
