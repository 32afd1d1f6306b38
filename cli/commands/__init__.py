"""The groups of commands below `devcenter`, one module each: their options, and what they print.

Each command imports what it needs when it runs, as those in `cli.main` do.
"""
