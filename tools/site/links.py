"""What a built site may not have: links that lead nowhere, pictures without a text, anything loaded from another host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "audio": "src", "video": "src", "source": "src"}
LOADED_BY_LINK = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}


@dataclass
class Page(HTMLParser):
    """What one page names: its anchors, where it leads, what it loads, pictures without a text.

    >>> page = Page()
    >>> page.feed('<h2 id="a">A</h2><img src="b.png"><a href="c.html#d">C</a>')
    >>> page.anchors, page.targets, page.without_text
    ({'a'}, ['b.png', 'c.html#d'], ['b.png'])
    """

    anchors: set[str] = field(default_factory=set)
    targets: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    without_text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        named = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := named.get(name))}
        loaded = named.get(LOADED.get(tag, ""))
        if tag == "link" and LOADED_BY_LINK & set((named.get("rel") or "").split()):
            loaded = named.get("href")
        if loaded:
            self.loaded.append(loaded)
        target = loaded or (named.get("href") if tag in ("a", "link") else None)
        if target:
            self.targets.append(target)
        if tag == "img" and "alt" not in named:
            self.without_text.append(named.get("src") or "?")


def faults(site: Path) -> list[str]:
    """Return what is wrong with a built site, a line each.

    Args:
        site: its folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "index.html").write_text('<a href="gone.html">x</a><script src="https://example.org/a.js"></script>')
    >>> faults(folder)
    ['index.html: loads https://example.org/a.js from another host', 'index.html: gone.html leads nowhere']
    """
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    return [f"{path.relative_to(site)}: {fault}" for path in pages for fault in _page_faults(path, pages, site)]


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _page_faults(path: Path, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    page = pages[path]
    yield from (f"{picture} has no text (alt)" for picture in page.without_text)
    for loaded in page.loaded:
        if urlsplit(loaded).netloc:
            yield f"loads {loaded} from another host"
    for target in page.targets:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        file = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
        file = file / "index.html" if file.is_dir() else file
        if not file.is_relative_to(site.resolve()) or not file.is_file():
            yield f"{target} leads nowhere"
        elif parts.fragment and file.suffix == ".html" and unquote(parts.fragment) not in _anchors(file, pages, site):
            yield f"{target} leads to no such place in its page"


def _anchors(file: Path, pages: dict[Path, Page], site: Path) -> set[str]:
    return pages[site / file.relative_to(site.resolve())].anchors | {""}
