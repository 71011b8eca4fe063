"""Words in running speech, as they are spoken."""
