"""Noisy speech as Aurora-2 was built, from any speech and any noise."""
