"""Spoken-digit recognition in clean and noisy speech."""
