"""Whether who judges and who answered are the same model, or of one family."""

from harness.records.inputs import Eval
from harness.reporting.words import listed


def kin(asked: Eval, grader: str) -> str:
    """Name every judge that is of the agent's family, whoever regrades included; empty where none is.

    A family is what a model's name begins with, up to its first hyphen.
    """
    agent = asked.model.name
    judges = [model.name for spec in asked.graders if spec.kind == grader for model in spec.models]
    same = [judge for judge in dict.fromkeys(judges) if _family(judge) == _family(agent)]
    if not same:
        return ""
    of_family = f"of the family of the model that answered ({agent})"
    who = "the model that answered" if same == [agent] else of_family
    verb = "is" if len(same) == 1 else "are"
    subject = f"The judge, {same[0]}, is" if len(judges) == 1 else f"Of the judges, {listed(same)} {verb}"
    return f"{subject} {who}: such judges tend to favour what they might have written."


def _family(model: str) -> str:
    return model.partition("-")[0]
