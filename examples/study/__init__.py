"""The study: the paper's claims, tested on open data. ``python -m examples.study --help``."""
