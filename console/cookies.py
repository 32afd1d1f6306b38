"""The cookies of the pages. Browsers take them for this host only, if it is encrypted, and show them to no script."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie with a name and a form of its own. It lasts for `seconds`, or until the browser is closed."""

    name: str
    form: re.Pattern[str]
    seconds: int | None = None

    def value_in(self, request: Request) -> str | None:
        """Returns what the browser sends, None without it, for several, and for what is none of ours."""
        headers = request.headers.getlist("cookie")
        pairs = [part.strip().partition("=") for header in headers for part in header.split(";")]
        values = [value for given, _, value in pairs if given == self.name]
        return values[0] if len(values) == 1 and self.form.fullmatch(values[0]) else None

    def given_by(self, answer: Response, value: str) -> Response:
        """Returns the answer, which gives the browser the cookie."""
        answer.set_cookie(self.name, value, self.seconds, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    def taken_by(self, answer: Response) -> Response:
        """Returns the answer, which takes the cookie from the browser."""
        answer.delete_cookie(self.name, path="/", secure=True, httponly=True, samesite="lax")
        return answer


_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SEALED: Final = re.compile(r"[A-Za-z0-9_=-]{1,4000}")
SESSION: Final = Cookie("__Host-dc", _SECRET)
"""The secret of a session."""
ASKED: Final = Cookie("__Host-dc-asked", _SECRET, 15 * 60)
"""The secret of a browser that asked for a link to sign in by, which works in that browser, for as long as it works."""
PROVIDER: Final = Cookie("__Host-dc-provider", _SEALED, 10 * 60)
"""What a browser is given, sealed, before it is sent to the provider of the platform's people."""
