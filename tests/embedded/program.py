"""A program that starts one embedded server and waits to be killed: `python -m tests.embedded.program KIND FOLDER`."""

import sys
import threading
from pathlib import Path

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey


def main(kind: str, folder: Path) -> None:
    """Prints the server's process id and its URL once it answers."""
    if kind == "postgres":
        postgres = EmbeddedPostgres(folder, settings={"fsync": "off"})
        url, pid = postgres.start().owner_url, postgres.pid
    else:
        valkey = EmbeddedValkey(folder)
        url, pid = valkey.start(), valkey.pid
    print(pid, url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
