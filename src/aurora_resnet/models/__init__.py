"""A spectrogram becomes scores."""
