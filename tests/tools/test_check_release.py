"""``tools.check_release`` on wheels that are wrong in one thing each."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools.check_release import LARGEST, NEEDED, size_faults, wheel_faults

PACKAGE = "aurora_resnet_runtime"
INFO = f"{PACKAGE}-1.2.3.dist-info"
METADATA = (
    "Metadata-Version: 2.4\nName: aurora-resnet-runtime\nVersion: 1.2.3\nProject-URL: Repository, https://x.org\n"
)


def wheel(folder: Path, **changed: str | None) -> Path:
    """Write a wheel; a name with ``None`` is left out."""
    files: dict[str, str | None] = {f"{PACKAGE}/{name}": "" for name in NEEDED[PACKAGE]}
    files |= {
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/entry_points.txt": "[console_scripts]\naurora-resnet-runtime = aurora_resnet_runtime.cli.main:main\n",
        f"{INFO}/licenses/LICENSE": "MIT",
    }
    path = folder / f"{PACKAGE}-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in (files | changed).items():
            if text is not None:
                file.writestr(name, text)
    return path


def test_nothing_is_wrong_with_a_right_one(tmp_path: Path) -> None:
    assert list(wheel_faults(wheel(tmp_path), "v1.2.3")) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (f"{PACKAGE}/py.typed", None, "py.typed is missing"),
        (f"{PACKAGE}/exported/string_net.onnx", None, "string_net.onnx is missing"),
        (f"{INFO}/licenses/LICENSE", None, "has no licence"),
        (f"{INFO}/entry_points.txt", "[console_scripts]\n", "has no console script"),
        (f"{PACKAGE}/__pycache__/x.pyc", "", "x.pyc does not belong there"),
        ("tests/test_x.py", "", "holds something beside aurora_resnet_runtime"),
        (f"{INFO}/METADATA", METADATA.replace("1.2.3", "1.2.4"), "says version 1.2.4"),
        (f"{INFO}/METADATA", METADATA.replace("Repository", "Paper"), "says where its repository is"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, name: str, text: str | None, fault: str) -> None:
    faults = list(wheel_faults(wheel(tmp_path, **{name: text}), None))
    assert any(fault in each for each in faults)
    assert len(faults) == 1


def test_another_release_and_too_much_is_found(tmp_path: Path) -> None:
    path = wheel(tmp_path)
    assert list(wheel_faults(path, "v2.0.0")) == [f"{path.name}: the release is v2.0.0, the version 1.2.3"]
    assert len(list(size_faults(path, path.stat().st_size - 1))) == 1
    assert list(size_faults(path, LARGEST[PACKAGE])) == []
