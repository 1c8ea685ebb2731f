"""A class as web pages: the course, each assignment, each student; nothing is loaded."""
