"""How well the grader explains wrong answers that it was not written for."""
