"""A sound becomes an answer, without torch."""
