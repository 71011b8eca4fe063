"""What the study's page shows, from ``tables.toml``: systems, rows of each question's table, and the claims."""

import tomllib
from pathlib import Path
from typing import Any

_CONTENT: dict[str, Any] = tomllib.loads(Path(__file__).with_name("tables.toml").read_text(encoding="utf-8"))

#: The variant that the questions share and are compared with.
BASE = "q1_systems/resnet50-multi"
SYSTEMS: dict[str, str] = _CONTENT["systems"]
PAPER: dict[str, list[str]] = _CONTENT["paper"]
SHARES: dict[str, float] = _CONTENT["shares"]
#: Rows of each question's table: titles by the variant's name.
GROUPS: dict[str, dict[str, str]] = _CONTENT["groups"]
SECTIONS: dict[str, dict[str, str]] = _CONTENT["sections"]
#: Each says that the ``first`` variant is better than the ``second`` in some SNRs; the paper's come first.
CLAIMS: list[dict[str, Any]] = _CONTENT["claims"]
