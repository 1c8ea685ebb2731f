"""What students get, made from solutions/ and assignments/: stubs, template, handouts."""
