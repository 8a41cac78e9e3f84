"""The work through pydantic-evals: an agent of pydantic-ai, judged by `LLMJudge`; one shared client."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))  # for `work`, which needs nothing

import anthropic
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import LLMJudge

from work import AGENT_MODEL, CONCURRENCY, CRITERION, JUDGE_MODEL, KEY, PROMPT, question


async def main(url: str, cases: int) -> int:
    """Evaluate every case and return how many met the criterion."""
    client = anthropic.AsyncAnthropic(api_key=KEY, base_url=f"{url}/as/pass")
    provider = AnthropicProvider(anthropic_client=client)
    agent = Agent(AnthropicModel(AGENT_MODEL, provider=provider), instructions=PROMPT)
    judge = LLMJudge(
        rubric=CRITERION, model=AnthropicModel(JUDGE_MODEL, provider=provider), include_input=True
    )
    dataset = Dataset(
        name="speed",
        cases=[Case(name=str(number), inputs=question(number)) for number in range(cases)],
        evaluators=[judge],
    )

    async def answer(asked: str) -> str:
        return (await agent.run(asked, model_settings={"max_tokens": 500})).output

    report = await dataset.evaluate(answer, max_concurrency=CONCURRENCY, progress=False)
    report.print()
    return sum(all(found.value for found in case.assertions.values()) for case in report.cases)


if __name__ == "__main__":
    done = asyncio.run(main(sys.argv[1], int(sys.argv[2])))
    sys.exit(None if done == int(sys.argv[2]) else f"{done} of {sys.argv[2]} cases were done")
