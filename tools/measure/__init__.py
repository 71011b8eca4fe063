"""What the shipped models reach: words, strings, streams and own words."""
