"""Strings of words: the search, whole recordings, streams."""
