"""Print the README's commands, so that CI runs the very same.

python -m tools.readme_commands 1           # the first of the two commands
python -m tools.readme_commands --python    # the Python examples, one after the other
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def main() -> None:
    """Print the block that the argument names."""
    wanted = sys.argv[1]
    sys.stdout.write("\n".join(blocks("python")) if wanted == "--python" else blocks("bash")[int(wanted) - 1])


if __name__ == "__main__":
    main()
