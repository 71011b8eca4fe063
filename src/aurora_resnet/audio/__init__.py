"""A file becomes a waveform; level, channel and noise."""
