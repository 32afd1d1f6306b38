"""What a shell carries for other servers and what must not reach an embedded one."""

import os

LIBPQ = "PG"
"""How the variables begin that libpq and the server read: PGHOSTADDR, PGSSLMODE, PGSERVICE and some thirty more."""


def server_environment() -> dict[str, str]:
    """Returns this process's environment without Postgres's variables and with messages in English."""
    return {name: value for name, value in os.environ.items() if not name.startswith(LIBPQ)} | {"LC_ALL": "C"}


def forget_libpq_variables() -> None:
    """Removes Postgres's variables from this process and from those that it starts later.

    libpq takes from them what a URL leaves open (TLS, another address, a service), which for an embedded server is
    always wrong.
    """
    for name in [name for name in os.environ if name.startswith(LIBPQ)]:
        del os.environ[name]
