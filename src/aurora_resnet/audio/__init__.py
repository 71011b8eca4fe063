"""Levels, mixing at an SNR, telephone channels, writing: what the runtime does not need."""
