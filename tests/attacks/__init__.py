"""Everything that a submission may try, at every level of isolation that the machine reaches."""
