"""One file a data set: how it is read and where it comes from."""
