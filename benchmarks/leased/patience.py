"""How long a benchmark waits for something that may never happen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """A deadline. After `seconds` a measurement gives up; the figure is then that time, and its name says so."""

    seconds: float

    def title(self, name: str, took: float) -> str:
        """Returns the name of a figure that took `seconds`, which says whether the measurement gave up."""
        return name if took < self.seconds else f"{name} (gave up)"
