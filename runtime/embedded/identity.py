"""Chooses the user that a server runs as, because Postgres refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.embedded.errors import EmbeddedError

PROBE_SECONDS = 10.0
UNPRIVILEGED_USER = "nobody"


@dataclass(frozen=True, slots=True)
class Identity:
    """How to start a command so that it runs as a user who may run a server.

    `prefix` goes before the command. `user` and `group` are None when the user does not change. When they are set, the
    server cannot read the caller's folders and needs one of its own. `notice` is a message for the operator.
    """

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None
    notice: str | None = None

    @property
    def is_another_user(self) -> bool:
        return self.user is not None


def choose_identity() -> Identity:
    """Returns the current user; for root, a user namespace in which it is not root, or failing that the user `nobody`.

    Raises EmbeddedError if root has neither namespaces nor a user `nobody`.
    """
    if os.geteuid() != 0:
        return Identity()
    return user_namespace() or unprivileged_user()


def user_namespace() -> Identity | None:
    """Returns root under another user id, in a namespace of its own; None if the machine forbids namespaces.

    Outside the namespace the files belong to root, so no folder has to be created or opened to another user. `initdb`
    looks the user id up, so the id must have a name on this machine.
    """
    unshare = shutil.which("unshare")
    named = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if unshare is None or not named:
        return None
    user = named[0]
    prefix = (unshare, "-U", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}", "--")
    return Identity(prefix=prefix) if runs([*prefix, "true"]) else None


def unprivileged_user() -> Identity:
    """Returns the user `nobody`, for root without namespaces. Raises EmbeddedError if there is no such user."""
    try:
        user = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise EmbeddedError(
            f"Postgres cannot run as root, and there are neither user namespaces nor a user {UNPRIVILEGED_USER}.",
            "Run the command as an ordinary user, or set DATABASE_URL to a Postgres of your own.",
        ) from None
    return Identity(
        user=user.pw_uid,
        group=user.pw_gid,
        notice=f"Postgres cannot run as root and this machine forbids user namespaces, so it runs as {user.pw_name}.",
    )


def runs(command: Sequence[str]) -> bool:
    """Returns whether `command` exists and exits with 0 within PROBE_SECONDS."""
    try:
        outcome = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return outcome.returncode == 0
