"""Trained weights that the wheel carries, each with its card."""
