"""A migrator that kills itself with -9 after its first commit, and is started again until it ends: `URL`.

It starts from an empty database. Prints how often it was killed. Each run is a process of its own, forked while nothing
is connected from one that has come down to `base` itself, and so has loaded what migrating needs.
"""

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

from migrations.run import downgrade, upgrade

CHANGES = ("INSERT INTO alembic_version", "UPDATE alembic_version", "CREATE", "DROP")


def main(url: str) -> int:
    """Returns 0 once a run has ended by itself, 1 when one failed otherwise than by its kill."""
    downgrade(url, "base")
    killed = 0
    while True:
        run = os.fork()
        if run == 0:
            _kill_after_commit()
            upgrade(url)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
        if status != -signal.SIGKILL:
            break
        killed += 1
    print(killed)
    return 1 if status else 0


def _kill_after_commit() -> None:
    changed = False

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        nonlocal changed
        changed = changed or statement.startswith(CHANGES)
        if "CONCURRENTLY" in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit(connection: Any) -> None:
        """Commits in place of the engine, which calls this before it does, and dies."""
        if changed:
            connection.connection.driver_connection.commit()
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", note)
    event.listen(Engine, "commit", commit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
