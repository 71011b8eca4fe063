"""Build what would be uploaded, and check it: metadata, contents, sizes, and that the archive gives the same wheel.

python -m tools.check_release --out dist                 # archive and wheel of the library, wheel of the runtime
python -m tools.check_release --out dist --release v0.2.0  # and that everything says this version

Nothing is uploaded. Ends with exit code 1 and every fault on a line of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_BYTES = 100_000_000
"""The package index takes no larger file unless asked."""
LARGEST = {"aurora_resnet": 40e6, "aurora_resnet_runtime": 15e6, "archive": 45e6}
"""What we allow ourselves: a robot may fetch it over a radio."""
NEEDED = {
    "aurora_resnet": (
        "__init__.pyi", "py.typed", "runtime/py.typed", "samples/samples.csv", "samples/quickstart.toml",
        "pretrained/compact.safetensors", "pretrained/resnet50.safetensors", "runtime/exported/compact.onnx",
        "runtime/exported/resnet50.onnx", "runtime/exported/string_net.onnx",
    ),
    "aurora_resnet_runtime": (
        "__init__.py", "py.typed", "exported/compact.onnx", "exported/resnet50.onnx", "exported/string_net.onnx",
    ),
}  # fmt: skip
NEEDED_IN_ARCHIVE = (
    "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "SECURITY.md", "Dockerfile",
    "runtime/pyproject.toml", "examples/recognize_file.py", "tests/conftest.py", "docs/decisions.md",
)  # fmt: skip
UNWANTED = re.compile(
    r"(^|/)(__pycache__|\.git|\.venv[^/]*|runs|dist|build|node_modules|\.ruff_cache)/|\.(pyc|pth|partial)$"
)


def build(out: Path) -> tuple[Path, Path, Path]:
    """Build the archive, the wheel out of the archive, and the wheel of the runtime; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    for old in [*out.glob("*.whl"), *out.glob("*.tar.gz")]:
        old.unlink()
    for arguments in (["."], ["--wheel", "runtime"]):  # the first makes its wheel out of the archive
        run("build", "--outdir", str(out), *arguments, folder=ROOT)
    (archive,) = out.glob("aurora_resnet-*.tar.gz")
    (wheel,) = out.glob("aurora_resnet-*.whl")
    (runtime,) = out.glob("aurora_resnet_runtime-*.whl")
    return archive, wheel, runtime


def run(module: str, *arguments: str, folder: Path) -> None:
    """Run a module of this environment; what it says is shown where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{module} {' '.join(arguments)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def wheel_faults(path: Path, release: str | None) -> Iterator[str]:
    """Yield what is wrong with a wheel."""
    package = path.name.partition("-")[0]
    with zipfile.ZipFile(path) as file:
        names = set(file.namelist())
        metadata = Parser().parsestr(file.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode())
        scripts = file.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    yield from size_faults(path, LARGEST[package])
    yield from missing(path, {f"{package}/{name}" for name in NEEDED[package]} - names)
    yield from (f"{path.name}: {name} does not belong there" for name in sorted(names) if UNWANTED.search(name))
    outside = {name.partition("/")[0] for name in names} - {package}
    if len(outside) != 1 or not outside.pop().endswith(".dist-info"):
        yield f"{path.name}: holds something beside {package}"
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        yield f"{path.name}: has no licence"
    if f"{package.replace('_', '-')} = " not in scripts:
        yield f"{path.name}: has no console script"
    yield from metadata_faults(path, metadata, release)


def metadata_faults(path: Path, metadata: Message, release: str | None) -> Iterator[str]:
    """Yield what is wrong with what a distribution says of itself."""
    version = str(metadata["Version"])
    if f"-{version}-" not in path.name:
        yield f"{path.name}: says version {version}"
    if release is not None and release.removeprefix("v") != version:
        yield f"{path.name}: the release is {release}, the version {version}"
    urls = [str(url).partition(",")[0] for url in metadata.get_all("Project-URL") or ()]
    if ".dev" not in version and not {"Repository", "Source"} & set(urls):
        yield f"{path.name}: a release says where its repository is: [project.urls] Repository"


def archive_faults(path: Path) -> Iterator[str]:
    """Yield what is wrong with the archive."""
    with tarfile.open(path) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    yield from size_faults(path, LARGEST["archive"])
    yield from missing(path, set(NEEDED_IN_ARCHIVE) - names)
    yield from (f"{path.name}: {name} does not belong there" for name in sorted(names) if UNWANTED.search(name))


def size_faults(path: Path, largest: float) -> Iterator[str]:
    """Yield that a file is too large."""
    size = path.stat().st_size
    print(f"{path.name}: {size / 1e6:.1f} MB")
    if size > min(largest, MOST_BYTES):
        yield f"{path.name}: {size / 1e6:.1f} MB are more than {largest / 1e6:.0f} MB"


def missing(path: Path, names: set[str]) -> Iterator[str]:
    """Yield what should be in a file."""
    yield from (f"{path.name}: {name} is missing" for name in sorted(names))


def digests(wheel: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a wheel."""
    with zipfile.ZipFile(wheel) as file:
        return {name: hashlib.sha256(file.read(name)).hexdigest() for name in file.namelist()}


def tree_faults(wheel: Path) -> Iterator[str]:
    """Yield where the wheel, which was made out of the archive, differs from one that is made out of the folder."""
    with tempfile.TemporaryDirectory() as folder:
        run("build", "--wheel", "--outdir", folder, ".", folder=ROOT)
        (direct,) = Path(folder).glob("*.whl")
        ours, theirs = digests(direct), digests(wheel)
    different = {name for name in ours | theirs if ours.get(name) != theirs.get(name)}
    yield from (f"{wheel.name}: {name} is another one where the archive was not between" for name in sorted(different))


def main() -> None:
    """Build, check, and list the faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of what is built (default dist)")
    parser.add_argument("--release", metavar="VERSION", help="that everything must have, as v0.2.0")
    options = parser.parse_args()
    archive, wheel, runtime = build(options.out)
    run("twine", "check", "--strict", *map(str, (archive, wheel, runtime)), folder=ROOT)
    faults = [
        *archive_faults(archive),
        *wheel_faults(wheel, options.release),
        *wheel_faults(runtime, options.release),
        *tree_faults(wheel),
    ]
    print("\n".join(faults) or "nothing is wrong with them")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
