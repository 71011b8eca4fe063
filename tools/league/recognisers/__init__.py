"""The entrants: each module turns recordings into texts with confidences in one function, ``recognise``."""
