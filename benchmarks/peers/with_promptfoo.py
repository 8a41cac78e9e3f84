"""The work through promptfoo: a configuration, its command, and a look at what it wrote.

Run by any Python 3.11; the third argument is the folder that promptfoo was installed in.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))  # for `work`, which needs nothing

from work import AGENT_MODEL, CONCURRENCY, CRITERION, JUDGE_MODEL, KEY, PROMPT, question


def configuration(url: str, cases: int) -> dict[str, object]:
    """Say the work in promptfoo's words."""

    def provider(name: str) -> dict[str, object]:
        return {
            "id": f"anthropic:messages:{name}",
            "label": name,
            "config": {"max_tokens": 500, "apiKey": KEY, "apiBaseUrl": f"{url}/as/pass"},
        }

    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": "{{question}}"}]
    return {
        "prompts": [json.dumps(messages)],
        "providers": [provider(AGENT_MODEL)],
        "defaultTest": {
            "assert": [{"type": "llm-rubric", "value": CRITERION, "provider": provider(JUDGE_MODEL)}],
        },
        "tests": [{"vars": {"question": question(number)}} for number in range(cases)],
    }


def main(url: str, cases: int, installed: Path) -> int:
    """Evaluate every case and return how many met the criterion."""
    here = Path.cwd()
    (here / "promptfooconfig.json").write_text(json.dumps(configuration(url, cases)), encoding="utf-8")
    quiet = {
        "PROMPTFOO_CONFIG_DIR": str(here / ".promptfoo"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": f"{url}/as/pass",
    }
    command = [installed / "node_modules" / ".bin" / "promptfoo", "eval", "-c", "promptfooconfig.json"]
    options = ["-j", str(CONCURRENCY), "--no-cache", "--no-table", "--no-progress-bar", "-o", "out.json"]
    subprocess.run([*command, *options], check=False, env={**os.environ, **quiet})
    found = json.loads((here / "out.json").read_text(encoding="utf-8"))["results"]["results"]
    return sum(bool(each["success"]) for each in found)


if __name__ == "__main__":
    done = main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    sys.exit(None if done == int(sys.argv[2]) else f"{done} of {sys.argv[2]} cases were done")
