"""A waveform becomes a picture of sound."""
