"""Two models trained from scratch on the reference: one writes handouts, one translates words."""
