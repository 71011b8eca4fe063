"""Print the lowest version of each direct dependency that pyproject.toml allows, as constraints for pip.

python -m tools.lowest_versions > lowest.txt && pip install -e '.[dev]' -c lowest.txt
"""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest(requirements: list[str]) -> list[str]:
    """Return ``name==version`` for each requirement of a version; an extra of the library itself has none.

    >>> lowest(["torch>=2.11", "aurora-resnet[export]", "ray[data]>=2.60,<2.64"])
    ['torch==2.11', 'ray==2.60']
    """
    found = (re.match(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\d.]+)", requirement) for requirement in requirements)
    return [f"{match[1]}=={match[2]}" for match in found if match]


def main() -> None:
    """Print those of the library and of its users' extras."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = [needs for extra, needs in project["optional-dependencies"].items() if extra != "dev"]
    print("\n".join(sorted(line for needs in (project["dependencies"], *extras) for line in lowest(needs))))


if __name__ == "__main__":
    main()
