"""A sound file becomes a waveform, a waveform becomes a clip."""
