"""A page in the browser that listens, and the server behind it."""
