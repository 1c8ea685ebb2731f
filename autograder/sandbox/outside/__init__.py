"""What the trusted side holds of the sandbox."""
