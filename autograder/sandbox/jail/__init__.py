"""The layers around untrusted code, one a file."""
