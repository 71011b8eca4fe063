"""What the shipped models reach: words, strings, streams, own words, and speakers of collections left out."""
