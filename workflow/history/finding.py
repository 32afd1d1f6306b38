"""What a verification of the history finds."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where the history is not as it was written: a row of `table`, or the whole table if `row` is empty.

    `app_id` and `version` are those of a row of the log. `version` is None if the finding is about a whole App.
    """

    table: str
    row: str
    detail: str
    app_id: UUID | None = None
    version: int | None = None

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.detail}" if self.row else f"{self.table}: {self.detail}"


def about_app(app_id: UUID, version: int | None, detail: str, table: str = "transition") -> Finding:
    """Returns a finding about an App, or about the row of its log with this version."""
    row = f"of App {app_id}" if version is None else f"of App {app_id} at version {version}"
    return Finding(table, row, detail, app_id, version)
