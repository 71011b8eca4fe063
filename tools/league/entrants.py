"""Who takes part, and their answers: each is asked once for each clip, and what was answered is kept.

Answers stand in a file of their own for every digest of an entrant (its module, options, versions and weights), a line for
each clip, written as it comes. So a run that was killed goes on, and only what changed is asked again.
"""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.model_folder import file_sha256

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One recogniser of the league, as ``entrants.toml`` describes it.

    Attributes:
        name: of its record.
        title: in tables.
        module: file below ``recognisers``, or the path of a file.
        settings: options to choose from.
        licence: of code and weights.
        decoding: what was recognised how.
        for_strings: options that differ where a clip may have several digits.
        words_only: whether it recognises single words only.
        peers: whether it runs in the environment of the peers, and says ``strings`` among its options.
        package: distribution whose version counts.
    """

    name: str
    title: str
    module: str
    settings: Sequence[Mapping[str, Any]]
    licence: str
    decoding: str
    for_strings: Mapping[str, Any] = field(default_factory=dict)
    words_only: bool = False
    peers: bool = False
    package: str = ""

    @cached_property
    def path(self) -> Path:
        """The module."""
        return HERE / "recognisers" / f"{self.module}.py" if "/" not in self.module else Path(self.module)

    def options(self, setting: Mapping[str, Any], *, strings: bool) -> dict[str, Any]:
        """Return the arguments of ``recognise``."""
        return {**setting, **(self.for_strings if strings else {}), **({"strings": strings} if self.peers else {})}


def read_entrants(path: Path) -> list[Entrant]:
    """Return the entrants of a TOML file."""
    return [Entrant(name=name, **about) for name, about in tomllib.loads(path.read_text(encoding="utf-8")).items()]


class Worker:
    """A process that answers; see ``worker.py``.

    Args:
        entrant: who.
        options: arguments of its ``recognise``.
        python: of the environment of its peers.
    """

    def __init__(self, entrant: Entrant, options: Mapping[str, Any], python: Path) -> None:
        self.title = entrant.title
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if not entrant.peers:
            environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        command = [str(python if entrant.peers else sys.executable), str(HERE / "worker.py"), str(entrant.path)]
        command += [json.dumps(options), entrant.package]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        about = self._line()
        self.files, self.version = [Path(path) for path in about["files"]], str(about["version"])

    def keep_to(self, core: int) -> None:
        """Let it compute on one core only: some libraries choose their threads themselves."""
        os.sched_setaffinity(self._process.pid, {core})

    def ask(self, clip: Path) -> Answer:
        """Return what it says of a clip."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{clip.resolve()}\n")
        self._process.stdin.flush()
        answer: Answer = self._line()
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            self.__exit__()
            raise SystemExit(f"{self.title} ended with {self._process.returncode}; what it printed stands above")
        return json.loads(line)


def answers(
    entrant: Entrant, options: Mapping[str, Any], clips: Sequence[Path], runs: Path, python: Path
) -> tuple[dict[Path, Answer], dict[str, Any]]:
    """Return the answer to each clip, asking only for those that are missing, and the entrant's version and files.

    Args:
        entrant: who is asked.
        options: arguments of its ``recognise``.
        clips: WAV files named by their contents.
        runs: folder that keeps the answers.
        python: of the environment of the peers.
    """
    with Worker(entrant, options, python) as worker:
        files = [{"name": f.name, "bytes": f.stat().st_size, "sha256": file_sha256(f)} for f in worker.files]
        about = {"version": worker.version, "files": files}
        identity = [entrant.path.read_text(encoding="utf-8"), options, about]
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        kept = runs / "answers" / f"{entrant.name}-{digest}.jsonl"
        known = _kept(kept)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as file:
            for clip in clips:
                if clip.stem not in known:
                    known[clip.stem] = worker.ask(clip)
                    file.write(json.dumps({"clip": clip.stem, **known[clip.stem]}) + "\n")
                    file.flush()
    return {clip: known[clip.stem] for clip in clips}, about


def _kept(path: Path) -> dict[str, Answer]:
    """Return the answers of a file; half a line at its end, of a run that was killed, is cut off."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
        with atomic_path(path) as temporary:
            temporary.write_text("".join(lines), encoding="utf-8")
    rows = [json.loads(line) for line in lines]
    return {row.pop("clip"): row for row in rows}
