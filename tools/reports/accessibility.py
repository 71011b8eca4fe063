"""The section on accessibility: what axe-core found."""

from __future__ import annotations

from typing import Any

from aurora_resnet.evaluation.tables import markdown_table
from tools.reports.records import RECORDS

ACCESSIBILITY = RECORDS / "accessibility.json"


def accessibility_section(record: dict[str, Any] | None) -> str:
    """Return the generated part of docs/accessibility.md.

    >>> page = {"rules passed": 30, "violations": []}
    >>> print(accessibility_section({"axe": "axe v1", "pages": {"index (desk, light)": page, "index (phone, dark)": page}}))
    axe v1, 2 views of 1 pages, 0 violations:
    <BLANKLINE>
    | page  | views | rules passed, at least | violations |
    | :---- | ----: | ---------------------: | ---------: |
    | index |     2 |                     30 |          0 |
    """
    if record is None:
        return "Not measured yet."
    views: dict[str, list[dict[str, Any]]] = {}
    for name, result in record["pages"].items():
        views.setdefault(name.rpartition(" (")[0], []).append(result)
    broken = {page: sum(len(result["violations"]) for result in results) for page, results in views.items()}
    rows = [
        [page, str(len(results)), str(min(result["rules passed"] for result in results)), str(broken[page])]
        for page, results in views.items()
    ]
    count = sum(map(len, views.values()))
    table = markdown_table(["page", "views", "rules passed, at least", "violations"], rows)
    return f"{record['axe']}, {count} views of {len(views)} pages, {sum(broken.values())} violations:\n\n{table}"
