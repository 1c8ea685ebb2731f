"""Where students' code runs: a jailed worker, and the trusted side that asks it."""
