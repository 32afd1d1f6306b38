"""How long a benchmark waits for what may never come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """After `seconds` a measurement gives up: the figure is then that time, and its name says so."""

    seconds: float

    def title(self, name: str, took: float) -> str:
        """Returns the name of a figure that took so many seconds."""
        return name if took < self.seconds else f"{name} (gave up)"
