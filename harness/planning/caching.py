"""What the prompt cache did for the calls of a run that is over."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from statistics import fmean

from harness.planning.prefixes import CHARACTERS_PER_TOKEN, too_short
from harness.planning.prices import PriceTable
from harness.planning.work import Job
from harness.prompts import SYSTEM
from harness.records.outcomes import Usage
from harness.records.results import Caching
from harness.records.runs import Run


def caching(run: Run, work: Sequence[Job], prices: PriceTable | None) -> Mapping[str, Caching]:
    """Sum up tokens and savings by role: `agent`, and the kind of each grader that asks a model.

    Who was asked nothing, or by a harness that did not yet keep the tokens, is left out.
    """
    asked, found = run.manifest.eval, dict[str, Caching]()
    answered = [job for job in work if job.answer is not None]
    if asked.model.provider == "anthropic":
        usages = [job.answer.usage for job in answered if job.answer is not None]
        system = len(run.manifest.revision.agent.prompt)
        found["agent"] = _summed(usages, asked.model.name, (run, prices), ("system prompt", system))
    for spec in asked.graders:
        if spec.judges:
            texts = [len(job.case.question) + len(job.answer.text) for job in answered if job.answer]
            prefix = len(SYSTEM) + (fmean(texts) if texts else 0)
            name = "question with its answer"
            asked_of = {model.name: list[Usage]() for model in spec.models}
            for mark in (mark for job in answered for mark in job.marks if mark.grader == spec.kind):
                if mark.verdict is not None and mark.asks:
                    asked_of[mark.asks].append(mark.verdict.usage)
            each = [_summed(of, model, (run, prices), (name, prefix)) for model, of in asked_of.items()]
            found[spec.kind] = reduce(_joined, each)
    return {role: each for role, each in found.items() if each.prompt_tokens}


def _summed(
    usages: Sequence[Usage],
    model: str,
    bought: tuple[Run, PriceTable | None],
    prefix: tuple[str, float],
) -> Caching:
    run, prices = bought
    read = sum(usage.cache_read_tokens for usage in usages)
    short = too_short(prices, model, prefix[1] / CHARACTERS_PER_TOKEN) if prices and not read else ""
    return Caching(
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        read_tokens=read,
        saved=_saved(usages, model, prices, dt.date.fromisoformat(run.created_at[:10])),
        why=f"{prefix[0].capitalize()}: {short}." if short else "",
    )


def _joined(one: Caching, other: Caching) -> Caching:
    """Put two models that one grader asked together."""
    known = one.saved is not None and other.saved is not None
    return Caching(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        read_tokens=one.read_tokens + other.read_tokens,
        saved=(one.saved or 0.0) + (other.saved or 0.0) if known else None,
        why=" ".join(dict.fromkeys(filter(None, (one.why, other.why)))),
    )


def _saved(usages: Iterable[Usage], model: str, prices: PriceTable | None, on: dt.date) -> float | None:
    if prices is None:
        return None
    cached = [usage for usage in usages if usage.cache_read_tokens or usage.cache_write_tokens]
    known = [prices.saved(model, usage, on) for usage in cached]
    return None if None in known else sum(each or 0.0 for each in known)
