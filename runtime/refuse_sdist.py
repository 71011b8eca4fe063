"""A build hook of hatchling: no source archive of this folder, whose only source lies outside it."""

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RefuseSdist(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]  # with and without hatchling
    """Ends the build of a source archive, which could never be installed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say what to build instead."""
        del version, build_data
        sys.exit(
            "aurora-resnet-runtime has no source archive, since its source is ../src/aurora_resnet/runtime: build a "
            "wheel in a clone of the repository, with 'python -m build --wheel runtime'"
        )
