"""What the commands share: complaints, tables, options that mean the same everywhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

PROBLEMS = 1
"""Exit code of a command that did its work but had to leave something out, which it named."""

Device = Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1 ...")]
Threads = Annotated[int | None, typer.Option(help="CPU threads; all cores by default.", min=1)]


def complain(message: str) -> None:
    """Print an error on the standard error stream."""
    print(f"error: {message}", file=sys.stderr)  # noqa: T201


def tell(message: str) -> None:
    """Print a remark on the standard error stream, so that the standard output holds results only."""
    print(message, file=sys.stderr)  # noqa: T201


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns of numbers are right-aligned."""
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(header):
        numbers = all(row[number][:1].isdigit() for row in rows)
        table.add_column(name, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
