"""The hash chain of every App's log, and its verification."""
