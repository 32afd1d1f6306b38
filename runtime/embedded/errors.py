"""The errors of embedded servers, each with a remedy."""


class EmbeddedError(Exception):
    """An embedded server cannot do what was asked: `message` says what happened, `remedy` what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n{remedy}")
        self.message = message
        self.remedy = remedy


class AlreadyRunning(EmbeddedError):
    """A live program keeps a server in this folder. `pid` is the process to stop; None if it is not known."""

    def __init__(self, message: str, remedy: str, pid: int | None) -> None:
        super().__init__(message, remedy)
        self.pid = pid
