"""What PyTorch says: recorded as small arrays, and asked live where it is installed."""
