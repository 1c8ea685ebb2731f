"""The student's loop: run the public checks here, say what is next. NumPy only; in the template."""
