"""What the maintainers run: samples, training speech, weights for the wheel, reports."""
