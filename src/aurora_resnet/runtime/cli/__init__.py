"""What a person types to hear: ``recognize`` and ``listen``."""
