"""Tables and figures of the documents from the run records."""
