"""Much work in many pieces: on the processors of this machine, or on those of a cluster."""
