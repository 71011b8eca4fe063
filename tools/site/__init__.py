"""The documentation site: Sphinx and what it lacks, the demo in the browser, and a check of what came out."""
