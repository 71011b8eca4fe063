"""The shipped weights' place in the installation."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from aurora_resnet.pretrained.shipped import PRETRAINED, pretrained_path
from aurora_resnet.runtime.errors import CheckpointError, ConfigError


def test_a_shipped_name_is_a_file_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path)
    (tmp_path / "pretrained").mkdir()
    for name in PRETRAINED:
        with pytest.raises(CheckpointError, match=rf"{name}\.safetensors: expected .* pip install --force-reinstall"):
            pretrained_path(name)
        (tmp_path / "pretrained" / f"{name}.safetensors").write_bytes(b"weights")
        assert pretrained_path(name).read_bytes() == b"weights"


@pytest.mark.parametrize(("name", "hint"), [("compat", r" \(did you mean 'compact'\?\)"), ("", ""), ("../x", "")])
def test_an_unknown_name_is_refused(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=rf"no shipped model '{name}'{hint}; shipped: resnet50, compact"):
        pretrained_path(name)
