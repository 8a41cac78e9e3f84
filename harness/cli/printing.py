"""Data on standard output, for programs."""

import json

import click

from harness.reporting.untrusted import json_text


def print_json(data: object) -> None:
    """Print plain data; it may hold text of strangers, so nothing in it acts on a terminal."""
    click.echo(json_text(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)))
