"""The untrusted side: it imports nothing of the rest of the kit."""
