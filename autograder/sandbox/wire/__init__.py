"""What crosses between the two sides, as bytes."""
