"""A demonstration on the synthetic recordings in the package, without a network."""
