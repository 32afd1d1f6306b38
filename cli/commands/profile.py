"""`devcenter profile`: showing and validating the platform's profile."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The platform's profile.")


@app.command("show")
def profile_show() -> None:
    """Prints the profile in use, as a template for your own."""
    from cli.mistakes import USAGE, Mistake
    from runtime.settings import profile_file
    from workflow.profile.loading import DEFAULT_FILE, text_of

    file = profile_file() or DEFAULT_FILE
    try:
        sys.stdout.write(text_of(file))
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        raise Mistake(f"{file} cannot be read: {said}.", "Name another file with DEVCENTER_PROFILE.", USAGE) from None


@app.command("check")
def profile_check(
    file: Annotated[Path | None, typer.Argument(help="The profile's file; by default the one in use.")] = None,
) -> None:
    """Validates a profile. Lists every mistake with what to do about it, and exits with 2 if there is one."""
    from runtime.settings import profile_file
    from workflow.profile.loading import load_profile

    profile = load_profile(file or profile_file())
    typer.echo(f"The profile of {profile.platform.name} is valid, with {len(profile.guides)} guides.")


@app.command("page")
def profile_page() -> None:
    """Prints the page about the profile (docs/profile.md)."""
    from cli.profile_page import profile_page

    sys.stdout.write(profile_page())
