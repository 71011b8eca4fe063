"""A recogniser of somebody's own words from a folder of recordings, and one that knows a person better."""
