"""Clips in memory to learn from: as they are, in noise, augmented."""
