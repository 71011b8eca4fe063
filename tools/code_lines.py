"""Count the code lines of the repository by folder: without blank lines, comments and docstrings.

``python -m tools.code_lines`` prints the table, ``python -m tools.code_lines src/aurora_resnet/cli`` each file of a folder.
"""

import argparse
import ast
import io
import re
import subprocess
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = {".js", ".mjs", ".css", ".html"}
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def python_lines(source: str) -> int:
    r'''Return the lines of a Python source that hold code.

    >>> python_lines("""'What it is.'\n\nx = 1  # one\n# two\ny = [\n    2,\n]\n""")
    4
    '''
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, described) and ast.get_docstring(node)]
    docstrings = {line for node in nodes for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for t in tokens if t.type not in NO_CODE for line in range(t.start[0], t.end[0] + 1)}
    return len(lines - docstrings)


def web_lines(source: str) -> int:
    r"""Return the lines of JavaScript, CSS or HTML that hold more than a comment.

    >>> web_lines("/* a */ let x = 1;\n\n// b\n")
    1
    """
    source = re.sub(r"/\*.*?\*/|<!--.*?-->", "", source, flags=re.DOTALL)
    return sum(1 for line in source.splitlines() if line.strip() and not line.strip().startswith("//"))


def count(root: Path = ROOT, *, tests: bool = True) -> dict[str, int]:
    """Return the code lines of each tracked file by its path, with those of the tests or without."""
    listed = subprocess.check_output(["git", "ls-files"], cwd=root, text=True).splitlines()
    counts = {}
    for name in listed:
        path = root / name
        if path.suffix in {".py", ".pyi", *WEB} and path.is_file() and (tests or not name.startswith("tests/")):
            lines = web_lines if path.suffix in WEB else python_lines
            counts[name] = lines(path.read_text(encoding="utf-8"))
    return counts


def main() -> None:
    """Print the files whose path begins with what is given, or the sum of each folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("prefix", nargs="?", help="print each file whose path begins so")
    prefix, counts, shown = parser.parse_args().prefix, count(), Counter[str]()
    for name, lines in counts.items():
        parts = Path(name).parts[:-1][: 3 if name.startswith("src") else 1]
        shown["/".join(parts) if prefix is None else name] += lines * name.startswith(prefix or "")
    print("\n".join(f"{lines:6} {name}" for name, lines in sorted((+shown).items())))
    print(f"{sum(lines for name, lines in counts.items() if not name.startswith('tests/')):6} outside tests")


if __name__ == "__main__":
    main()
