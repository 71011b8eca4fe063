"""One renderer for every generated text: a Jinja template with prose, and tables that are specified in it.

A table is a list of rows and a list of columns, each a pair of header and Jinja expression. The expression sees ``row``
and, for rows found by a path, their ``keys``:

    {{ table(record("streaming")|rows("models.*.strings.*"), [("model", "keys[0]|code"), ("F1", "row.f1|fixed(3)")]) }}
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aurora_resnet.evaluation.metrics import Interval
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval

DOCS = Path(__file__).resolve().parents[2] / "docs"
RECORDS = DOCS / "records"
FIGURES = DOCS / "figures"
TEMPLATES = Path(__file__).with_name("templates")

Column = tuple[str, str]


class Row(NamedTuple):
    """A part of a record, and the keys that lead to it."""

    keys: tuple[str, ...]
    row: Any


def record(name: str) -> dict[str, Any]:
    """Return the record ``docs/records/NAME.json``.

    Raises:
        SystemExit: for the record of a quick measurement, which is no result.
    """
    path = RECORDS / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if content.get("quick"):
        raise SystemExit(f"{path}: the record of a quick measurement is no result; measure without --quick")
    return content


def records(pattern: str) -> list[dict[str, Any]]:
    """Return all records that match a pattern, such as ``strangers/people_*``, in the order of their names."""
    return [
        record(path.relative_to(RECORDS).with_suffix("").as_posix()) for path in sorted(RECORDS.glob(f"{pattern}.json"))
    ]


def rows(content: Any, path: str = "*") -> list[Row]:
    """Return the parts of a record at a dotted path; ``*`` stands for every key, or every item of a list.

    >>> rows({"a": {"x": {"n": 1}, "y": {"n": 2}}}, "a.*.n")
    [Row(keys=('x',), row=1), Row(keys=('y',), row=2)]
    """
    found = [Row((), content)]
    for step in path.split("."):
        if step == "*":
            found = [
                Row((*keys, str(key)), part)
                for keys, whole in found
                for key, part in (whole.items() if isinstance(whole, dict) else enumerate(whole))
            ]
        else:
            found = [Row(keys, whole[step]) for keys, whole in found if step in whole]
    return found


def columns(values: Iterable[object], header: str, expression: str) -> list[Column]:
    """Return a column for each value, which takes the place of ``@`` in header and expression.

    >>> columns([5, 0], "@ dB", "row['@']")
    [('5 dB', "row['5']"), ('0 dB', "row['0']")]
    """
    return [(header.replace("@", str(value)), expression.replace("@", str(value))) for value in values]


def table(items: Iterable[Any], of: Sequence[Column], **names: Any) -> str:
    """Return a Markdown table.

    Args:
        items: a ``Row``, or anything that the expressions call ``row``, for each line.
        of: header and expression of each column.
        **names: what else the expressions name.

    >>> print(table([0.5, None], [("share %", "row|percent")]))
    | share % |
    | :------ |
    | 50.00   |
    | -       |
    """
    compiled = [_environment().compile_expression(expression, undefined_to_none=False) for _, expression in of]
    lines = []
    for item in items:
        keys, row = item if isinstance(item, Row) else ((), item)
        lines.append([_cell(expression(keys=keys, row=row, **names)) for expression in compiled])
    return markdown_table([header for header, _ in of], lines)


def fixed(number: float | None, digits: int = 0) -> str:
    """Return a number with so many digits behind the point.

    >>> fixed(2.345, 1), fixed(None)
    ('2.3', '-')
    """
    return MISSING if number is None else f"{number:,.{digits}f}"


def render(name: str, folder: Path = TEMPLATES, /, **values: object) -> str:
    """Return the text of a template; a name in it that nobody gives is an error.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "page.md.j2").write_text("{{ share|percent }} % of {{ clips|thousands }} <clips>")
    >>> render("page.md.j2", folder, share=0.5, clips=1234)
    '50.00 % of 1,234 <clips>'
    """
    return _environment(folder).get_template(name).render(values)


def _cell(value: object) -> str:
    return MISSING if value is None else str(value)


@cache
def _environment(folder: Path = TEMPLATES) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=False,  # Markdown, from our own records
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do"],
    )
    filters: dict[str, Callable[..., Any]] = {
        "percent": percent,
        "thousands": lambda number: f"{number:,}",
        "fixed": fixed,
        "general": lambda number, digits=6: MISSING if number is None else f"{number:.{digits}g}",
        "code": lambda text: f"`{text}`",
        "mean": fmean,
        "rows": rows,
        "with_interval": lambda accuracy, interval: percent_with_interval(accuracy, Interval(**interval)),
    }
    environment.filters |= filters
    environment.globals |= {"record": record, "records": records, "table": table, "columns": columns, "rows": rows}
    return environment
