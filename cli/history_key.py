"""Refusing to start with a history key that is not the one of the database, and naming foreign secret keys."""

import os
import signal
import sys
import threading
import time

from sqlalchemy.exc import DBAPIError

from cli.explaining import explain
from cli.mistakes import Mistake
from cli.place import unit_of_work
from runtime.secrets import KeyRing
from runtime.settings import Settings
from workflow.history.key import is_history_key, record_history_key
from workflow.operating.secret_keys import find_unreadable_secret

PAUSE_SECONDS = 1.0


WRONG = (
    "The history of this database was begun with another history key: what is written with this one would not verify."
)
REMEDY = (
    "Set DEVCENTER_HISTORY_KEY to the key that it was begun with (`devcenter up` keeps its own in secrets.json of its "
    "state folder), and DEVCENTER_SECRET_KEYS to the keys that go with it; or set DATABASE_URL to another database."
)


def refuse_wrong_key(database_url: str, key: bytes) -> None:
    """Raises Mistake when the database's history has another key, DBAPIError when it cannot be looked at."""
    with unit_of_work(database_url) as session:
        if not is_history_key(session, key):
            raise Mistake(WRONG, REMEDY)


def settle_key(database_url: str, key: bytes) -> None:
    """Records the key's fingerprint in a database that has none yet. Commits. Raises like `refuse_wrong_key`."""
    with unit_of_work(database_url) as session:
        if not record_history_key(session, key):
            raise Mistake(WRONG, REMEDY)


def wait_for_key(settings: Settings) -> None:
    """Returns once the database has said that the settings' key is its own. Raises Mistake when it is not.

    A database that does not answer is waited for: a process that judges could do nothing else either.
    """
    said = None
    while True:
        try:
            _settle_keys(settings)
        except DBAPIError as error:
            found = explain(error)
            if found is not None and found.what != said:
                said = found.what
                print(f"The history key waits to be checked. {found.what}", file=sys.stderr, flush=True)  # noqa: T201
            time.sleep(PAUSE_SECONDS)
        else:
            return


def check_key_beside(settings: Settings) -> None:
    """Checks the key like `wait_for_key`, but lets a process serve while its database does not answer.

    Raises Mistake when the database answers now. When it answers later and the key is wrong, the process is ended.
    """
    try:
        _settle_keys(settings)
    except DBAPIError:
        threading.Thread(target=_end_with_wrong_key, args=(settings,), name="history key", daemon=True).start()


def _end_with_wrong_key(settings: Settings) -> None:
    try:
        wait_for_key(settings)
    except Mistake as error:
        print(f"devcenter: {error.what}\nWhat to do: {error.remedy}", file=sys.stderr, flush=True)  # noqa: T201
        os.kill(os.getpid(), signal.SIGTERM)


def _settle_keys(settings: Settings) -> None:
    """Settles the history key like `settle_key`, and says when the secret keys decrypt not all that is stored.

    That refuses no start: a key may have been lost for good, and its partners be asked for their secrets again.
    """
    settle_key(settings.database_url, _key_of(settings))
    with unit_of_work(settings.database_url) as session:
        unreadable = find_unreadable_secret(session, KeyRing(settings.secret_keys).unseal)
    if unreadable is not None:
        print("devcenter: {}.\nWhat to do: {}".format(*unreadable), file=sys.stderr, flush=True)  # noqa: T201


def _key_of(settings: Settings) -> bytes:
    return settings.history_key.get_secret_value().encode()
