"""The `devcenter` command: its subcommands and options, and the one place where errors are shown to people.

Each command imports what it needs when it runs, so that a process loads only its own parts.
"""

import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from cli.commands import dead, history, profile, secrets, tokens
from runtime.garbage import collect_seldom
from runtime.shared_metrics import SHARED_FOLDER

app = typer.Typer(
    name="devcenter",
    help="Runs the review of partner Apps, from the first access request to a public listing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(tokens.app, name="token")
app.add_typer(secrets.app, name="secrets")
app.add_typer(profile.app, name="profile")
app.add_typer(history.app, name="history")
app.add_typer(dead.app, name="dead")


def main() -> None:
    """Runs the command line. For a known error it says what is wrong and what to do, and exits with 1 or 2."""
    os.umask(0o077)  # what this process and its children write is theirs alone
    for name in (SHARED_FOLDER, SHARED_FOLDER.lower()):  # in a shell, it is where another service counts
        os.environ.pop(name, None)
    collect_seldom()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from cli.explaining import explain

        known = explain(error)
        if known is None:
            raise
        out = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        out.print(f"devcenter: {known.what}", style="bold red")
        out.print(f"What to do: {known.remedy}")
        sys.exit(known.exit_code)


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="First take an example App through the whole journey.")] = False,
) -> None:
    """Runs everything on this machine, with an embedded Postgres and Valkey unless DATABASE_URL or REDIS_URL is set."""
    from cli import staying

    with _signals_interrupt():
        raise typer.Exit(staying.stay_up(_console(), journey=demo))


@app.command()
def demo() -> None:
    """Takes an App from creation to public. Exits with 0 only if it is public in the database."""
    from cli import staying

    with _signals_interrupt():
        staying.walk_once(_console())


@app.command()
def api() -> None:
    """Serves HTTP."""
    from cli.processes import serve_here

    serve_here()


@app.command()
def tracking() -> None:
    """Serves the sandbox that streams send their events to."""
    from cli.processes import serve_tracking_here

    serve_tracking_here()


@app.command()
def worker(
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many worker processes.")] = 1,
    queues: Annotated[
        list[str] | None,
        typer.Option("--queues", "--only", metavar="QUEUE", help="Serve only this queue. May be repeated."),
    ] = None,
) -> None:
    """Judges requests and does due work."""
    from cli.processes import run_worker_here

    run_worker_here(processes, queues or [])


@app.command()
def scheduler() -> None:
    """Fires the scheduled jobs. Any number of schedulers may run."""
    from cli.processes import run_scheduler_here

    run_scheduler_here()


@app.command(hidden=True)
def mailserver(port: Annotated[int, typer.Option(min=1, max=65535)]) -> None:
    """Stores the mails of `devcenter up` in its state folder."""
    from cli.home import Home
    from cli.mail import serve_mail

    serve_mail(Home.here().mail, port)


@app.command()
def migrate(
    down: Annotated[str | None, typer.Option(help="Go down to this revision ('base': empty). Loses data.")] = None,
) -> None:
    """Migrates the database to the newest revision, as its owner."""
    from cli.migrate import migrate as run

    try:
        typer.echo(f"The database is at {run(down).current or 'nothing'}.")
    except KeyboardInterrupt:
        typer.echo("The migration was broken off. Run it again: it goes on from where it is.", err=True)
        raise typer.Exit(130) from None


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write. One that is there is replaced.")]) -> None:
    """Writes the whole database to a file, as it is at one moment."""
    from cli.backup import backup as run

    typer.echo(f"{file} has the database: {run(file):,} bytes. Keep the keys elsewhere: it is of no use without them.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `devcenter backup` wrote.")]) -> None:
    """Restores a backup into an empty database: all of it, or nothing."""
    from cli.backup import restore as run

    restored = run(file)
    typer.echo(f"The database is at {restored.revision}.")
    if restored.is_behind:
        typer.echo("It is of an older release: run `devcenter migrate`.")


@app.command()
def settings() -> None:
    """Prints the page about all settings (docs/settings.md)."""
    from cli.settings_page import settings_page

    sys.stdout.write(settings_page())


@app.command()
def doctor() -> None:
    """Checks everything that an installation needs. Exits with 1 if something is not in order."""
    from cli.doctor.examining import examine
    from cli.place import settings_here

    fine = True
    for check in examine(settings_here(), Path.cwd()):
        fine = fine and check.fine
        typer.echo(f"{'ok    ' if check.fine else 'not ok'}  {check.name:<13} {check.found}")
        if not check.fine:
            typer.echo(f"        What to do: {check.remedy}")
    raise typer.Exit(0 if fine else 1)


class DiagramFormat(StrEnum):
    """The output format of a diagram."""

    MERMAID = "mermaid"
    SVG = "svg"


class Picture(StrEnum):
    """What is drawn: an App's states, or the reviews that open and end meanwhile."""

    LIFECYCLE = "lifecycle"
    REVIEWS = "reviews"


@app.command()
def diagram(
    form: Annotated[DiagramFormat, typer.Option("--format", help="The output format.")] = DiagramFormat.MERMAID,
    picture: Annotated[Picture, typer.Option("--of", help="What is drawn.")] = Picture.LIFECYCLE,
) -> None:
    """Draws the lifecycle, or its reviews, from the state machine's table."""
    from cli.diagram import mermaid, moves_of_reviews, moves_of_states, svg
    from models.lifecycle import APP_EDGES

    draw = svg if form is DiagramFormat.SVG else mermaid
    moves = moves_of_states if picture is Picture.LIFECYCLE else moves_of_reviews
    typer.echo(draw(moves(APP_EDGES)), nl=False)


@app.command()
def erase(
    person: Annotated[str, typer.Argument(help="The id of a person, or a mail address.")],
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask. It cannot be undone.")] = False,
) -> None:
    """Erases a person's name and addresses. What they did stays, under an id that names nobody."""
    from cli.erase import erase_here
    from cli.place import settings_here

    database_url = settings_here().database_url
    if not sure:
        typer.confirm(f"Erase {person}? It cannot be undone.", abort=True)
    erased = erase_here(database_url, person)
    for table, count in sorted(erased.rows.items()):
        typer.echo(f"{table}: {count} rows")
    typer.echo("Erased. Backups from before still have the data: docs/retention.md says until when.")


@app.command()
def adopt(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="A file with an App on each line, as docs/admins.md shows.",
        ),
    ],
    check: Annotated[bool, typer.Option("--check", help="Only check the file.")] = False,
) -> None:
    """Adopts the Apps of another system, as public betas. Does nothing at all if any line is wrong; exits with 2 then.

    It can be repeated: what is adopted already is left as it is.
    """
    from cli.adopt import adopt_file, check_file
    from cli.place import settings_here

    settings = settings_here()
    done = check_file(settings, file) if check else adopt_file(settings, file)
    for one in done.refused:
        typer.echo(f"Line {one.line}: {one.problem}")
    if done.refused:
        typer.echo(f"{len(done.refused)} lines are wrong, and nothing was adopted.")
        raise typer.Exit(2)
    can_be = "can be" if check else "are"
    typer.echo(f"{len(done.apps)} Apps {can_be} adopted; {len(done.before)} were adopted already.")


class Person(StrEnum):
    """The roles of those who sign in."""

    PARTNER = "partner"
    REVIEWER = "reviewer"
    ADMIN = "admin"


@app.command("sign-in")
def sign_in(
    role: Annotated[Person, typer.Argument(help="The role of whoever signs in.")],
    email: Annotated[
        str | None, typer.Option(help="Their address; without it, the person of that role of `devcenter up`.")
    ] = None,
) -> None:
    """Prints a link that signs somebody in to the pages of an installation on this machine. It works once."""
    from cli.home import Home
    from cli.place import settings_here
    from cli.sign_in import sign_in_link

    settings, run = settings_here(), Home.here().running()
    token = run["tokens"].get(role) if run is not None else None
    typer.echo(sign_in_link(settings.database_url, settings.public_url, role, email=email, token=token))


@app.command()
def mail(number: Annotated[int | None, typer.Argument(help="The number of the message to show.")] = None) -> None:
    """Lists the mailbox of `devcenter up`, or shows one message."""
    from cli.home import Home
    from cli.mail import Mailbox

    mailbox = Mailbox(Home.here().mail)
    if number is not None:
        typer.echo(mailbox.letter(number).as_text(), nl=False)
        return
    letters = list(mailbox.letters())
    for letter in letters:
        typer.echo(f"{letter.number:>4}  {letter.message['To']}  {letter.message['Subject']}")
    typer.echo(f"{len(letters)} messages. `devcenter mail NUMBER` shows one.")


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)


class _signals_interrupt:
    """A context manager in which SIGTERM raises KeyboardInterrupt, as Ctrl-C does."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGINT, _interrupt)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)


def _interrupt(number: int, frame: object) -> NoReturn:  # noqa: ARG001
    """Interrupts the program, and ignores further signals so that they cannot interrupt the shutdown."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
