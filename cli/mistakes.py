"""A known error of the command line: what is wrong and what to do about it. `cli.explaining` says which are known."""

USAGE = 2
"""The exit code for wrong settings or arguments. Every other error exits with 1."""


class Mistake(Exception):
    """A known error: `what` is wrong, and `remedy` says what to do about it. The command exits with `exit_code`."""

    def __init__(self, what: str, remedy: str, exit_code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.exit_code = exit_code
