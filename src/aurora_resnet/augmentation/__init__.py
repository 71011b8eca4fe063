"""A harder copy of a training clip: draw the parameters, then apply them."""
