"""How fast it is, measured as ratios in one run."""
