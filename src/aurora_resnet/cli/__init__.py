"""The command line: the command ``aurora-resnet``."""

from aurora_resnet.cli.app import main

__all__ = ["main"]
