"""An environment of its own for recognisers that are not ours, with their weights (``league/requirements.txt``)."""

import subprocess
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "league" / "requirements.txt"


def peers_python(folder: Path) -> Path:
    """Return the Python of the peers' environment, which is made if it is missing."""
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        (folder / "complete").touch()
    return python
