"""Which user a server runs as: Postgres refuses to be root."""

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
    """How a command is started so that it runs as somebody who may run a server.

    `prefix` goes before the command. `user` and `group` are None where nothing changes; where they are set, the
    server cannot read the caller's folders and needs one of its own. `notice` is what the operator should know.
    """

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None
    notice: str | None = None

    @property
    def is_another_user(self) -> bool:
        return self.user is not None


def choose_identity() -> Identity:
    """Returns the present user; for root a user namespace in which it is not root, or else another user.

    Raises EmbeddedError where root has neither namespaces nor a user `nobody`.
    """
    if os.geteuid() != 0:
        return Identity()
    return user_namespace() or unprivileged_user()


def user_namespace() -> Identity | None:
    """Returns root under another name, in a namespace of its own; None where the machine forbids that.

    The files stay root's own, so nothing is created or opened for it. `initdb` looks the user id up, so the id must
    have a name on this machine.
    """
    unshare = shutil.which("unshare")
    named = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if unshare is None or not named:
        return None
    user = named[0]
    prefix = (unshare, "-U", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}", "--")
    return Identity(prefix=prefix) if runs([*prefix, "true"]) else None


def unprivileged_user() -> Identity:
    """Returns the user `nobody`, for a root without namespaces. Raises EmbeddedError where there is none."""
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
    """Tells whether `command` exists and exits with 0 within 10 seconds."""
    try:
        outcome = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return outcome.returncode == 0
