"""`devcenter token`: creating, listing and revoking bearer tokens."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")


class Holding(StrEnum):
    """The roles of those who may hold a token."""

    PARTNER = "partner"
    REVIEWER = "reviewer"
    SERVICE = "service"
    ADMIN = "admin"


@app.command("create")
def token_create(
    role: Annotated[Holding, typer.Option(help="The role of the token's holder.")],
    email: Annotated[str | None, typer.Option(help="The person's email address.")] = None,
    name: Annotated[str | None, typer.Option(help="The person's or the service's name.")] = None,
    organization: Annotated[str | None, typer.Option(help="The company of a partner who does not exist yet.")] = None,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "created at the command line",
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until the token expires.")] = 90,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A scope, such as apps:read; may be repeated. By default all that the role may do."),
    ] = None,
) -> None:
    """Creates a token and shows it, once. Creates the person or service if it does not exist yet."""
    from cli.place import settings_here
    from cli.tokens import Holder, create_token, scopes_named
    from models.lifecycle import Role

    scopes = scopes_named(scope or ()) or None
    holder = Holder(Role(role), name, email, organization)
    life = timedelta(days=days)
    typer.echo(create_token(settings_here().database_url, holder, label=label, life=life, scopes=scopes))


@app.command("list")
def token_list() -> None:
    """Lists all tokens, without their secrets."""
    from cli.place import settings_here
    from cli.tokens import tokens

    for line in tokens(settings_here().database_url):
        ends = f"...{line.hint} until {line.expires_at:%Y-%m-%d}"
        typer.echo(f"{line.id}  {line.role:<8}  {line.state:<7}  {ends}  {line.label}")


@app.command("revoke")
def token_revoke(token_id: Annotated[UUID, typer.Argument(help="The token's id, as listed.")]) -> None:
    """Revokes a token at once."""
    from cli.place import settings_here
    from cli.tokens import revoke

    revoke(settings_here().database_url, token_id)
    typer.echo("Revoked.")
