"""Shows the journey: a live view in a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The judgment of a rule. `detail` and `remedy` are empty if it holds."""

    title: str
    holds: bool
    detail: str = ""
    remedy: str = ""


class View:
    """Shows what happens, line by line. A terminal also shows what is in progress."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = (
            Live(Text(), console=console, refresh_per_second=12, transient=True) if console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.update(Text(), refresh=True)
            self._live.stop()

    def act(self, title: str) -> None:
        """Shows the title of the part of the journey that begins."""
        self._add(Text(title, style="bold blue"))

    def doing(self, what: str) -> None:
        """Shows what is in progress, in a terminal only."""
        if self._live:
            self._live.update(Spinner("dots", Text(what, style="dim")))

    def done(self, what: str, seconds: float | None = None) -> None:
        """Shows something that happened, and how long it took."""
        self._add(Text(f"  {what}{_time(seconds)}"))

    def moved(self, source: str, trigger: str, target: str, by: str, seconds: float) -> None:
        """Shows a transition."""
        self._add(Text(f"{source} --{trigger}--> {target}", style="bold green").append(f"  by {by}{_time(seconds)}"))

    def rules(self, trigger: str, results: Sequence[RuleResult]) -> None:
        """Shows how each rule of a trigger was judged."""
        possible = all(result.holds for result in results)
        self._add(Text(f"  {trigger} is {'possible' if possible else 'not possible yet'}:", style="bold"))
        for result in results:
            line = Text(f"    {'ok     ' if result.holds else 'not yet'} {result.title}")
            if not result.holds:
                line.stylize("yellow")
                line.append(f". {result.detail} {result.remedy}", style="dim")
            self._add(line)

    def _add(self, line: Text) -> None:
        """Prints the line above the live part, so that it scrolls: a journey may be longer than the terminal."""
        if self._live:
            self._live.update(Text())
        self._console.print(line, soft_wrap=self._live is None)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else f"  ({seconds * 1000:.0f} ms)"
