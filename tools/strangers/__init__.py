"""Decisions by strangers: train without a corpus, test on it."""
