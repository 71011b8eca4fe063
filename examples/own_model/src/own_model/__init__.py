"""A network and a front end of one's own."""
