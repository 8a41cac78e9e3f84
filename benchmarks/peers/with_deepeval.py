"""The work through DeepEval: answers by the SDK, as it asks nobody itself, judged by its `GEval`."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))  # for `work`, which needs nothing

import anthropic
from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import GEval
from deepeval.models import AnthropicModel
from deepeval.test_case import LLMTestCase, SingleTurnParams

from work import AGENT_MODEL, CONCURRENCY, CRITERION, JUDGE_MODEL, KEY, PROMPT, question


async def answers(url: str, cases: int) -> list[str]:
    """Ask the agent about every case."""
    gate = asyncio.Semaphore(CONCURRENCY)
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=url) as client:

        async def ask(number: int) -> str:
            async with gate:
                message = await client.messages.create(
                    model=AGENT_MODEL,
                    max_tokens=500,
                    system=PROMPT,
                    messages=[{"role": "user", "content": question(number)}],
                )
            return "".join(block.text for block in message.content if block.type == "text")

        return await asyncio.gather(*map(ask, range(cases)))


def main(url: str, cases: int) -> int:
    """Evaluate every case and return how many met the criterion."""
    url = f"{url}/as/score"
    told = asyncio.run(answers(url, cases))
    metric = GEval(
        name="threat",
        evaluation_steps=[CRITERION],
        evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT],
        model=AnthropicModel(
            model=JUDGE_MODEL,
            api_key=KEY,
            base_url=url,
            cost_per_input_token=0.0,
            cost_per_output_token=0.0,
            generation_kwargs={"max_tokens": 500},
        ),
    )
    result = evaluate(
        [LLMTestCase(input=question(number), actual_output=text) for number, text in enumerate(told)],
        [metric],
        async_config=AsyncConfig(max_concurrent=CONCURRENCY),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
        cache_config=CacheConfig(write_cache=False),
    )
    return sum(bool(each.success) for each in result.test_results)


if __name__ == "__main__":
    done = main(sys.argv[1], int(sys.argv[2]))
    sys.exit(None if done == int(sys.argv[2]) else f"{done} of {sys.argv[2]} cases were done")
