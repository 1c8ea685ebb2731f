"""The desk: the page on which people mark written work."""
