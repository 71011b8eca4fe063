"""Telephone lines: what providers send, and keys and speech in one entry."""
