"""Very many recordings become a table: planned, done in pieces, whole after any kill."""
