"""Who is told what: the kinds, the rows that are written with their cause, and the words of every mail."""
