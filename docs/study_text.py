"""What the study's page says in words that no record can give: limits, and how the results read."""

from __future__ import annotations

LIMITS = ""
READINGS: dict[str, str] = {}
