"""What a model finds in running speech: words of strings, and false events where no word is."""
