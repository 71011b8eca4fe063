"""Steps of a recipe: each has a folder of its own and is done once.

A folder's name ends in a digest of what the step and all before it were asked to do, so a changed recipe begins anew
where it changed and never takes a result of another one. A step is done when its folder has ``done.json``, which is
written last; one that was interrupted goes on in its folder.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import tell

DONE = "done.json"


class Steps:
    """The steps of one recipe, in order.

    Args:
        folder: of the run.

    >>> import tempfile
    >>> folder, made = Path(tempfile.mkdtemp()), []
    >>> for epochs in (1, 1, 2):
    ...     steps = Steps(folder)
    ...     _ = steps.do("data", {}, lambda _: made.append("data"))
    ...     _ = steps.do("train", {"epochs": epochs}, lambda _: made.append(epochs))
    >>> made
    ['data', 1, 2]
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.number, self.digest = folder, 0, ""

    def do(self, name: str, settings: Mapping[str, Any], make: Callable[[Path], object]) -> Path:
        """Return a step's folder; ``make`` fills it if that was not done before.

        Args:
            name: of the step.
            settings: all that its result depends on beside the steps before, as JSON values.
            make: is called with the folder, which may hold what an interrupted call left there.
        """
        text = json.dumps([self.digest, name, settings], sort_keys=True)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self.number += 1
        step = self.folder / f"{self.number:02d}_{name}_{self.digest[:8]}"
        if (step / DONE).is_file():
            tell(f"{step}: done before")
        else:
            tell(f"{step}")
            step.mkdir(parents=True, exist_ok=True)
            make(step)
            write_json({"step": name, "settings": settings}, step / DONE)
        return step
