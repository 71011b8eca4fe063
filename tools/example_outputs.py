"""Run the examples and write what they print into their headers.

python -m tools.example_outputs                        # all of them, as people run them: some minutes
python -m tools.example_outputs recognize_file own_words

Give this after the shipped weights have changed. The tests compare the headers with small runs, numbers left out.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
HEADING = "Prints:\n\n"
#: Waits for calls.
BY_HAND = {"phone_line", "phone_caller"}
#: The second measures on what the first builds.
ORDER = ("noisy_corpus", "evaluate_aurora2")

_OUTPUT = re.compile(rf"(?<={HEADING})(?:(?:    .*)?\n)*?(?=\"\"\")")
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?(e-?\d+)?")


def printed_in(path: Path) -> list[str]:
    """Return the lines that an example's header says it prints; none if it does not say."""
    found = _OUTPUT.search(path.read_text(encoding="utf-8"))
    return [line.removeprefix("    ") for line in found[0].splitlines()] if found else []


def without_numbers(lines: Sequence[str]) -> list[str]:
    """Return lines whose numbers, which depend on weights and machine, are left out, and blanks with them.

    >>> without_numbers(["seven: 0.98, accepted", "| -5 dB |  41.20 |"])
    ['seven:#,accepted', '|#dB|#|']
    """
    return [re.sub(r"\s+", "", _NUMBER.sub("#", line)) for line in lines]


def write_output(path: Path, output: str) -> bool:
    """Put an output into a header; tell whether that changed the file."""
    text = path.read_text(encoding="utf-8")
    lines = "".join(f"    {line}".rstrip() + "\n" for line in output.splitlines())
    changed = _OUTPUT.sub(lambda _: lines, text, count=1)
    path.write_text(changed, encoding="utf-8")
    return changed != text


def main() -> None:
    """Run the examples that are named, or all."""
    known = sorted({path.stem for path in EXAMPLES.glob("*.py")} - BY_HAND, key=lambda name: (name in ORDER[1:], name))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="EXAMPLE", help=f"of {', '.join(known)}; all by default")
    options = parser.parse_args()
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no example {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        for name in [each for each in known if each in options.names] or known:
            print(f"{name} ...", flush=True)
            command, environment = [sys.executable, str(EXAMPLES / f"{name}.py")], {**os.environ, "COLUMNS": "120"}
            done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            print("  changed" if write_output(EXAMPLES / f"{name}.py", done.stdout) else "  as it was")


if __name__ == "__main__":
    main()
