"""Who is of whose family is told by names, whoever serves the model."""

import pytest

from harness.comparison.kin import related


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("claude-sonnet-5-5", "claude-opus-5-5", True),
        ("claude-sonnet-5-5", "anthropic/claude-opus-5-5", True),
        ("claude-sonnet-5-5", "us.anthropic.claude-haiku-5-5-v1:0", True),
        ("gpt-4.1-mini", "openai/GPT-5", True),
        ("llama3.1-8b", "llama-4", True),
        ("qwen2.5-7b", "llama3.1-8b", False),
        ("claude-sonnet-5-5", "gpt-5", False),
        ("12-b", "12-c", True),
        ("", "", False),  # recorded answers name no model
    ],
)
def test_a_family_is_a_name_without_who_serves_it_and_its_version(
    one: str, other: str, *, same: bool
) -> None:
    assert related(one, other) is related(other, one) is same
