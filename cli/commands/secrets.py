"""`devcenter secrets`: the stored secrets of partners."""

import typer

app = typer.Typer(no_args_is_help=True, help="Stored secrets of partners.")


@app.command("rotate")
def secrets_rotate() -> None:
    """Encrypts every stored secret anew with the first key. Exits with 1 if no key decrypts one of them."""
    from cli.place import settings_here
    from cli.secrets import rotate_secrets

    rotated = rotate_secrets(settings_here())
    for slug in rotated.unreadable:
        typer.echo(f"A test account or test key of {slug} cannot be decrypted. Its partner must enter it again.")
    typer.echo(f"{rotated.renewed} secrets are now encrypted with the first key.")
    raise typer.Exit(1 if rotated.unreadable else 0)
