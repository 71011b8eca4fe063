"""From data to shipped weights: a recipe is one resumable command."""
