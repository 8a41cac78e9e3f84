"""The work through Inspect: `generate` as the agent, `model_graded_qa` as the judge, its log written."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))  # for `work`, which needs nothing

from inspect_ai import Task, eval  # noqa: A004 - Inspect's own name for it
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import model_graded_qa
from inspect_ai.solver import generate, system_message

from work import AGENT_MODEL, CONCURRENCY, CRITERION, JUDGE_MODEL, KEY, PROMPT, question


def main(url: str, cases: int) -> int:
    """Evaluate every case and return how many met the criterion."""
    config = GenerateConfig(max_connections=CONCURRENCY, max_tokens=500)
    agent, judge = (
        get_model(f"anthropic/{name}", base_url=f"{url}/as/grade", api_key=KEY, config=config)
        for name in (AGENT_MODEL, JUDGE_MODEL)
    )
    task = Task(
        dataset=MemoryDataset([Sample(input=question(number), target=CRITERION) for number in range(cases)]),
        solver=[system_message(PROMPT), generate()],
        scorer=model_graded_qa(model=judge),
    )
    (log,) = eval(
        task,
        model=agent,
        display="none",
        max_samples=CONCURRENCY,
        max_connections=CONCURRENCY,
        log_dir="logs",
    )
    found = [score for sample in log.samples or [] for score in (sample.scores or {}).values()]
    return sum(score.value == "C" for score in found)


if __name__ == "__main__":
    done = main(sys.argv[1], int(sys.argv[2]))
    sys.exit(None if done == int(sys.argv[2]) else f"{done} of {sys.argv[2]} cases were done")
