"""Which utterances there are, who speaks them and what they say."""
