"""Explains known errors of the command line: what is wrong and what to do about it, in one table."""

import errno
import re

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from cli.mistakes import USAGE, Mistake
from runtime.embedded.errors import EmbeddedError
from runtime.settings import SettingsInvalid
from workflow.errors import WorkflowError
from workflow.profile.loading import ProfileInvalid


def explain(error: BaseException) -> Mistake | None:
    """Returns the explanation of a known error; None for a defect of devcenter, which should show its traceback."""
    match error:
        case Mistake():
            return error
        case SettingsInvalid():
            return Mistake(
                "\n".join(error.problems), "Set the variables named above; docs/settings.md explains each.", USAGE
            )
        case ProfileInvalid():
            return Mistake(
                f"The profile {error.file} is not valid:\n" + "\n".join(error.problems),
                "Fix each; docs/profile.md explains the whole document, and `devcenter profile check FILE` checks it.",
                USAGE,
            )
        case EmbeddedError():
            return Mistake(error.message, error.remedy)
        case WorkflowError():
            return Mistake(error.detail, error.remedy or f"Look up {error.code} in docs/operations.md.")
        case DBAPIError():
            return _of_database(error)
        case OSError():
            return _of_system(error)
        case _:
            return _of_others(error)


def without_password(url: str) -> str:
    """Returns the URL with its password masked, so that it may be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def _of_database(error: DBAPIError) -> Mistake | None:
    said = _first_line(error)
    state = getattr(error.orig, "sqlstate", None)
    if state in ("42P01", "42703"):
        return Mistake(f"The database is behind the migrations: {said}", "Run `devcenter migrate`, then try again.")
    if state == "42501":
        return Mistake(
            f"The database role may not do this: {said}",
            "Migrate as the owner (DATABASE_OWNER_URL); `devcenter doctor` shows what each role may do.",
        )
    if state == "55P03":
        return Mistake(
            f"A table that the migration needs is in use: {said}",
            "End the transaction that uses it, then run `devcenter migrate` again: it continues after the last "
            "completed revision.",
        )
    if state == "53100" or "No space left" in said:
        return Mistake(f"The database's disk is full: {said}", "Free some space for Postgres, then try again.")
    if state in ("28P01", "28000") or "authentication failed" in said:
        return Mistake(f"The database refuses the login: {said}", "Correct the user and the password in DATABASE_URL.")
    if state == "3D000" or "does not exist" in said:
        return Mistake(f"The database does not exist: {said}", "Create it, or correct its name in DATABASE_URL.")
    if "permission denied" in said:
        return Mistake(f"The database refuses this user: {said}", "Grant CONNECT to the user, or correct DATABASE_URL.")
    if isinstance(error, OperationalError | InterfaceError):
        return Mistake(
            f"The database does not answer: {said}",
            "Check the host and port in DATABASE_URL and that Postgres runs; without DATABASE_URL `devcenter up` "
            "starts its own.",
        )
    return None


def _of_system(error: OSError) -> Mistake | None:
    where = error.filename or "a file"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Mistake(f"The disk is full: {where} could not be written.", "Free some space, then try again.")
        case errno.EADDRINUSE:
            return Mistake(f"The port is in use: {error.strerror}.", "Choose another port with DEVCENTER_API_PORT.")
        case errno.EACCES | errno.EROFS | errno.EPERM:
            return Mistake(
                f"{where} cannot be written: {error.strerror}.",
                "Give the folder to the user who runs this, or name another with DEVCENTER_HOME.",
            )
        case _:
            return _of_others(error)


def _of_others(error: BaseException) -> Mistake | None:
    """Explains errors of libraries by name, so that no command has to import a library that it does not use."""
    module = type(error).__module__.partition(".")[0]
    if module == "redis" and "HELLO" in str(error):
        return Mistake(
            "Redis is too old: it does not support HELLO.", "Use Redis 7 or newer, or any Valkey, in REDIS_URL."
        )
    if module == "redis":
        return Mistake(
            f"Redis or Valkey does not answer correctly: {error}",
            "Check REDIS_URL and that the server runs; without REDIS_URL `devcenter up` starts its own.",
        )
    if module == "requests":
        return Mistake(f"The API does not answer: {error}", "Start it with `devcenter up`, or check its log.")
    if module == "alembic":
        return Mistake(f"The migration cannot run: {error}", "Name a revision that exists; see migrations/versions.")
    return None


def _first_line(error: DBAPIError) -> str:
    text = without_password(str(error.orig))
    return text.strip().splitlines()[0] if text.strip() else type(error.orig).__name__
