"""The page on which people mark written work, read code and decide."""
