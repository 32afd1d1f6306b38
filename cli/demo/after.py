"""What is said when all stays up: addresses, tokens, and one line for each role to try."""

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.up import Installation
from models.lifecycle import Role


def after_the_journey(started: Installation, slug: str | None, pages: str | None) -> str:
    """Returns the words. `slug` is the App of the journey and `pages` its partner's site; None without a journey.

    A role without a token, as the partner's after a demo that failed early, is left out.
    """
    url = started.api_url
    roles = (Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN)
    tokens = {role: started.tokens[role] for role in roles if role in started.tokens}
    lines = [
        "",
        f"API        {url}  (its pages: {url}/docs)",
        f"Tracking   {started.tracking_address}  (streams send their events there)",
        f"Postgres   {started.settings.database_url}",
        f"Redis      {started.settings.redis_url}",
        *([f"Pages      {pages}/docs  (the example company's: $PAGES in the guides)"] if pages else []),
        f"Files      {started.home.path}  (run.json, log/, mail/)",
        "",
        *(f"{role:<10} {token}" for role, token in tokens.items()),
        *_links(started),
        "",
        "One line for each role to try, in another terminal:",
        *(f"  {role:<10} {line}" for role, line in _lines(url, tokens, slug).items()),
        "",
        f"The mails that were sent: {_command()} mail. Guides: docs/. Ctrl-C stops everything.",
    ]
    return "\n".join(lines)


def _links(started: Installation) -> list[str]:
    if not started.sign_in:
        return []
    said = f"Sign in at {started.settings.public_url}. Each link works once; `{_command()} sign-in ROLE` makes another:"
    return ["", said, *(f"  {role:<10} {link}" for role, link in started.sign_in.items())]


def _lines(url: str, tokens: Mapping[Role, str], slug: str | None) -> dict[str, str]:
    def curl(role: Role, path: str, *more: str) -> str:
        return " ".join(["curl -s", *more, f"-H 'Authorization: Bearer {tokens[role]}'", f"'{url}{path}'"])

    usage = ("-X PUT",) if slug else ()
    json = "-H 'Content-Type: application/json'"
    new_app = f"""{json} -d '{{"slug": "my-app", "name": "My App"}}'"""
    lines = {
        "visitor": f"curl -s '{url}/v1/catalog{f'/{slug}' if slug else ''}'",
        "reviewer": curl(Role.REVIEWER, "/v1/statistics/reviews?weeks=1"),
        "service": curl(Role.SERVICE, f"/v1/apps/{slug}/customers/hooli" if slug else "/v1/apps", *usage),
        "admin": curl(Role.ADMIN, "/v1/audit?limit=5"),
    }
    if Role.PARTNER in tokens:
        lines["partner"] = (
            curl(Role.PARTNER, f"/v1/apps/{slug}/status") if slug else curl(Role.PARTNER, "/v1/apps", new_app)
        )
    return lines


def _command() -> str:
    """Returns this program as it can be called here: by its name only where a shell would find it."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if found and Path(found).resolve() == called.resolve():
        return called.name
    return shlex.quote(sys.argv[0])
