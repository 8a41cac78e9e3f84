"""The nouns. Frozen standard dataclasses; `harness.parsing.reading` is the one door that validates them."""
