"""Graders, as pure functions: a criterion and an answer in, a verdict with its evidence out."""
