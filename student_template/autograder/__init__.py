"""An autograder for courses in which students write a library function by function."""
