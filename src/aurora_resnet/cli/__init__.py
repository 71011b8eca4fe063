"""The command line: the command ``aurora-resnet``."""

from __future__ import annotations

from aurora_resnet.cli.app import main

__all__ = ["main"]
