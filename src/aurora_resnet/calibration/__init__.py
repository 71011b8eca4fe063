"""Choosing the decision that belongs to a trained network, on recordings that it was not trained on."""
