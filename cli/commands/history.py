"""`devcenter history`: verifying the tamper-evident history."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The tamper-evident history.")


@app.command("verify")
def history_verify(
    heads: Annotated[Path | None, typer.Option(help="A file of exported heads to compare with.")] = None,
) -> None:
    """Replays every log and verifies every hash and seal. Exits with 1 if anything differs from what was written."""
    from cli.history import findings
    from cli.place import settings_here

    count = 0
    for count, finding in enumerate(findings(settings_here(), heads), start=1):  # noqa: B007 - counted after the loop
        typer.echo(str(finding))
    typer.echo(f"{count} findings." if count else "The history is as it was written.")
    raise typer.Exit(1 if count else 0)
