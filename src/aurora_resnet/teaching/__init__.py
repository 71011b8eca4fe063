"""A recogniser of a user's own words from a folder of recordings, and adaptation to a speaker."""
