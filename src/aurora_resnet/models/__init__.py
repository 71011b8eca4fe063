"""A picture of sound becomes scores."""
