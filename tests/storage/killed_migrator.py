"""A migrator that kills itself with -9 after its first commit that changed something: `URL`, up to the newest."""

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

from migrations.run import upgrade

CHANGES = ("INSERT INTO alembic_version", "UPDATE alembic_version", "DELETE FROM alembic_version", "CREATE", "DROP")
changed = False


@event.listens_for(Engine, "after_cursor_execute")
def _note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
    global changed
    changed = changed or statement.startswith(CHANGES)
    if "CONCURRENTLY" in statement:
        os.kill(os.getpid(), signal.SIGKILL)


@event.listens_for(Engine, "commit")
def _commit(connection: Any) -> None:
    """Commits in place of the engine, which calls this before it does, and dies."""
    if changed:
        connection.connection.driver_connection.commit()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    upgrade(sys.argv[1])
