"""`devcenter dead`: listing, replaying and acknowledging what has used up its attempts."""

from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(no_args_is_help=True, help="Work that has used up its attempts.")


@app.command("list")
def dead_list() -> None:
    """Lists dead rows and rejected messages, with their errors."""
    from cli.dead import list_dead
    from cli.place import settings_here, unit_of_work

    with unit_of_work(settings_here().database_url) as session:
        rows = list_dead(session)
    for row in rows:
        typer.echo(f"{row.kind} {row.id}  {row.about}, {row.attempts} attempts, {row.at:%Y-%m-%d %H:%M:%S}Z")
        typer.echo(f"    {row.error}")
    typer.echo(
        f"{len(rows)} rows. Replay one with `devcenter dead replay KIND ID`." if rows else "There are no dead rows."
    )


@app.command("replay")
def dead_replay(
    kind: Annotated[str, typer.Argument(help="The row's kind, as listed.")],
    row_id: Annotated[
        UUID | None,
        typer.Argument(
            metavar="[ID]",
            help="The row's id, as listed. Leave it out to replay several rows by --all, --lane or --error.",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Replay all dead rows of the kind.")] = False,
    lane: Annotated[str | None, typer.Option(help="Replay the rows of this lane, such as a mail domain.")] = None,
    error: Annotated[str | None, typer.Option(help="Replay the rows with this text in their error.")] = None,
) -> None:
    """Makes a dead row, or all that match, due again. Workers find them within seconds."""
    from cli.dead import replay, replay_together
    from cli.mistakes import USAGE, Mistake
    from cli.place import settings_here

    together = every or lane is not None or error is not None
    if together == (row_id is not None):
        raise Mistake("It is not clear which rows to replay.", "Give either an ID, or --all, --lane or --error.", USAGE)
    if row_id is not None:
        replay(settings_here().database_url, kind, row_id)
        typer.echo("Due again.")
    else:
        typer.echo(f"{replay_together(settings_here().database_url, kind, lane, error)} rows are due again.")


@app.command("acknowledge")
def dead_acknowledge(
    message_id: Annotated[
        UUID | None,
        typer.Argument(metavar="[ID]", help="The rejected message's id, as listed. Leave it out for --all or --error."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Acknowledge all rejected messages.")] = False,
    error: Annotated[str | None, typer.Option(help="Acknowledge those with this text in their error.")] = None,
) -> None:
    """Deletes rejected messages that you have looked at. They cannot be replayed: their senders send them again."""
    from cli.dead import acknowledge, acknowledge_together
    from cli.mistakes import USAGE, Mistake
    from cli.place import settings_here

    if (every or error is not None) == (message_id is not None):
        raise Mistake("It is not clear which messages are meant.", "Give either an ID, or --all or --error.", USAGE)
    if message_id is not None:
        acknowledge(settings_here().database_url, message_id)
        typer.echo("Acknowledged.")
    else:
        typer.echo(f"{acknowledge_together(settings_here().database_url, error)} messages are acknowledged.")
