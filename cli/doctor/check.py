"""The result of one check, and how a check that cannot be made ends."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.explaining import explain


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `remedy` says how to fix it, and is empty exactly when nothing is wrong."""

    name: str
    found: str
    remedy: str = ""

    @property
    def fine(self) -> bool:
        return not self.remedy


def tried(name: str, look: Callable[[], Check]) -> Check:
    """Returns the result of `look`, or a failed check that explains what it raised."""
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the result of the check
        return broken(name, error)


def broken(name: str, error: Exception, where: str = "") -> Check:
    """Returns a failed check that explains `error`."""
    known = explain(error)
    if known is None:
        return Check(name, f"{error!r} {where}".strip(), "Fix what the error names.")
    return Check(name, f"{known.what} {f'({where})' if where else ''}".strip(), known.remedy)
