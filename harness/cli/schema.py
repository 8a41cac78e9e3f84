"""`harness schema`: what editors and other programs check files against."""

import click

from harness.cli.printing import print_json
from harness.parsing.reading import SCHEMAS, schema


@click.command("schema", short_help="Print a JSON Schema.")
@click.argument("kind", type=click.Choice(("dataset", "rubric", "eval", "report")))
def command(kind: str) -> int:
    """Print the JSON Schema of a dataset, a rubric, an eval, or of a report's results.json.

    docs/schemas/ holds the same.
    """
    print_json(schema(SCHEMAS[kind]))
    return 0
