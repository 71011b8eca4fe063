"""A waveform becomes a spectrogram."""
