"""The corpus, one file a class. Sources are texts: nothing here runs outside a jail."""
