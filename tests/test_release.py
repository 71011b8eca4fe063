"""What would be uploaded, in ``dist``: CONTRIBUTING.md says how it is built. The wheel is made out of the archive."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from aurora_resnet.runtime.version import __version__

DIST = Path(__file__).resolve().parent.parent / "dist"
#: What we allow ourselves, in bytes: a robot may fetch it over a radio. The package index takes 100 MB.
LARGEST = {"aurora_resnet-*.whl": 40e6, "aurora_resnet_runtime-*.whl": 20e6, "aurora_resnet-*.tar.gz": 45e6}
MODELS = {
    "exported/compact.onnx",
    "exported/resnet50.onnx",
    "exported/string_net.onnx",
    "exported/speech_encoder.onnx",
    "exported/accurate.json",
}
NEEDED = {
    "aurora_resnet-*.whl": {
        "__init__.pyi", "py.typed", "runtime/py.typed", "samples/samples.csv", "samples/quickstart.toml",
        "pretrained/compact.safetensors", "pretrained/resnet50.safetensors", *(f"runtime/{name}" for name in MODELS),
    },
    "aurora_resnet_runtime-*.whl": {"__init__.py", "py.typed", *MODELS},
    "aurora_resnet-*.tar.gz": {
        "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "SECURITY.md", "Dockerfile",
        "runtime/pyproject.toml", "examples/recognize_file.py", "tests/conftest.py", "docs/decisions.md",
    },
}  # fmt: skip
UNWANTED = re.compile(
    r"(^|/)(__pycache__|\.git|\.venv[^/]*|runs|dist|build|node_modules|\.ruff_cache)/|\.(pyc|pth|partial)$"
)


@pytest.fixture(params=LARGEST)
def built(request: pytest.FixtureRequest) -> tuple[str, Path, set[str]]:
    """A pattern, the one file like it and the names in it."""
    if not DIST.is_dir():
        pytest.skip("nothing was built: python -m build")
    (path,) = DIST.glob(request.param)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return request.param, path, set(wheel.namelist())
    with tarfile.open(path) as archive:
        return request.param, path, set(archive.getnames())


def test_a_file_has_what_it_needs_and_nothing_else(built: tuple[str, Path, set[str]]) -> None:
    pattern, path, names = built
    top = path.name.partition("-")[0] if path.suffix == ".whl" else path.name.removesuffix(".tar.gz")
    assert {f"{top}/{name}" for name in NEEDED[pattern]} <= names
    assert [name for name in names if UNWANTED.search(name)] == []
    information = {f"{top}-{__version__}.dist-info"} if path.suffix == ".whl" else set()
    assert {name.partition("/")[0] for name in names} == {top} | information
    assert path.suffix != ".whl" or f"{information.pop()}/licenses/LICENSE" in names


def test_a_file_is_no_larger_than_we_allow(built: tuple[str, Path, set[str]]) -> None:
    pattern, path, _ = built
    assert path.stat().st_size <= LARGEST[pattern]
