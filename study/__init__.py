"""The study: the paper's claims, tested on open data. ``python -m study --help``."""
