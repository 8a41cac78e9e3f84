"""Nightly runs: what is drawn afresh, what it is held against, whom it wakes."""
