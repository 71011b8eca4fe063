"""What a person types to recognise: ``recognize`` and ``listen``."""
