"""How good a model of strings is: the numbers of docs/string-training.md."""
