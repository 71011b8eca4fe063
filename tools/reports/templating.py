"""Markdown pages from templates: the prose stands in ``templates/*.md.j2``, numbers and tables come from the records."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aurora_resnet.evaluation.tables import percent


def render(template: Path, **values: object) -> str:
    """Return a page.

    Args:
        template: the file; what it includes lies beside it.
        values: what it names; anything else that it names is an error. ``|percent`` prints a share, ``|thousands`` a
            large number, ``|duration`` seconds.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "page.md.j2"
    >>> _ = file.write_text("{{ share|percent }} % of {{ clips|thousands }} <clips>")
    >>> render(file, share=0.5, clips=1234)
    '50.00 % of 1,234 <clips>'
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=False,  # Markdown, from our own records
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"percent": percent, "thousands": lambda number: f"{number:,}", "duration": duration}
    return environment.get_template(template.name).render(values)


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(0.42), duration(59.4), duration(100)
    ('0.4 s', '59 s', '1 min 40 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
