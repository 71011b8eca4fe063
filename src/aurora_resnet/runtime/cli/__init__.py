"""The commands ``recognize`` and ``listen``."""
