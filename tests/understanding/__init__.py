"""How well sentences are understood that nobody trained on: the sets, the figures, the page."""
