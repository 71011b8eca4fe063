"""Scores get better: the training loop and what it is made of."""
