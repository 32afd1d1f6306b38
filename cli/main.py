"""The `devcenter` command: its subcommands and options, and the one place where errors are shown to people.

Each command imports what it needs when it runs, so that a process loads only its own parts.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console

from cli.diagram import DiagramFormat, Picture
from models.lifecycle import Role
from models.token import Scope

app = typer.Typer(
    name="devcenter",
    help="Runs the review of partner Apps, from the first access request to a public listing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
token_app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")
secrets_app = typer.Typer(no_args_is_help=True, help="Stored secrets of partners.")
profile_app = typer.Typer(no_args_is_help=True, help="The platform's profile.")
history_app = typer.Typer(no_args_is_help=True, help="The tamper-evident history.")
dead_app = typer.Typer(no_args_is_help=True, help="Work that has used up its attempts.")
app.add_typer(token_app, name="token")
app.add_typer(secrets_app, name="secrets")
app.add_typer(profile_app, name="profile")
app.add_typer(history_app, name="history")
app.add_typer(dead_app, name="dead")


def main() -> None:
    """Runs the command line. For a known error it says what is wrong and what to do, and exits with 1 or 2."""
    os.umask(0o077)  # what this process and its children write is theirs alone
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from cli.mistakes import explain

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
def worker(
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many worker processes.")] = 1,
    queues: Annotated[
        list[str] | None,
        typer.Option("--queues", "--only", metavar="QUEUE", help="Serve only this queue. May be repeated."),
    ] = None,
) -> None:
    """Judges requests and does due work."""
    from cli.processes import become_worker

    become_worker(processes, queues or [])


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


@profile_app.command("show")
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


@profile_app.command("check")
def profile_check(
    file: Annotated[Path | None, typer.Argument(help="The profile's file; by default the one in use.")] = None,
) -> None:
    """Validates a profile. Lists every mistake with what to do about it, and exits with 2 if there is one."""
    from runtime.settings import profile_file
    from workflow.profile.loading import load_profile

    profile = load_profile(file or profile_file())
    typer.echo(f"The profile of {profile.platform.name} is valid, with {len(profile.guides)} guides.")


@profile_app.command("page")
def profile_page() -> None:
    """Prints the page about the profile (docs/profile.md)."""
    from cli.profile_page import profile_page

    sys.stdout.write(profile_page())


@token_app.command("create")
def token_create(
    role: Annotated[Role, typer.Option(help="The role of the token's holder.")],
    email: Annotated[str | None, typer.Option(help="The person's email address.")] = None,
    name: Annotated[str | None, typer.Option(help="The person's or the service's name.")] = None,
    organization: Annotated[str | None, typer.Option(help="The company of a partner who does not exist yet.")] = None,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "created at the command line",
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until the token expires.")] = 90,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="A scope of the token; may be repeated. By default all that the role may do."),
    ] = None,
) -> None:
    """Creates a token and shows it, once. Creates the person or service if it does not exist yet."""
    from cli.mistakes import USAGE, Mistake
    from cli.place import settings_here
    from cli.tokens import Holder, create_token

    if role is Role.SCHEDULE:
        raise Mistake("Nobody can hold a token for the schedule.", "Use another role.", USAGE)
    holder = Holder(role, name, email, organization)
    life = timedelta(days=days)
    typer.echo(create_token(settings_here().database_url, holder, label=label, life=life, scopes=scope or None))


@token_app.command("list")
def token_list() -> None:
    """Lists all tokens, without their secrets."""
    from cli.place import settings_here
    from cli.tokens import tokens

    for line in tokens(settings_here().database_url):
        ends = f"...{line.hint} until {line.expires_at:%Y-%m-%d}"
        typer.echo(f"{line.id}  {line.role:<8}  {line.state:<7}  {ends}  {line.label}")


@token_app.command("revoke")
def token_revoke(token_id: Annotated[UUID, typer.Argument(help="The token's id, as listed.")]) -> None:
    """Revokes a token at once."""
    from cli.place import settings_here
    from cli.tokens import revoke

    revoke(settings_here().database_url, token_id)
    typer.echo("Revoked.")


@secrets_app.command("rotate")
def secrets_rotate() -> None:
    """Encrypts every stored secret anew with the first key. Exits with 1 if no key decrypts one of them."""
    from cli.place import settings_here
    from cli.secrets import rotate_secrets

    rotated = rotate_secrets(settings_here())
    for slug in rotated.unreadable:
        typer.echo(f"The test account of {slug} cannot be decrypted. Its partner must enter it again.")
    typer.echo(f"{rotated.renewed} secrets are now encrypted with the first key.")
    raise typer.Exit(1 if rotated.unreadable else 0)


@app.command()
def doctor() -> None:
    """Checks everything that an installation needs. Exits with 1 if something is not in order."""
    from cli.doctor import examine
    from cli.place import settings_here

    fine = True
    for check in examine(settings_here(), Path.cwd()):
        fine = fine and check.fine
        typer.echo(f"{'ok    ' if check.fine else 'not ok'}  {check.name:<11} {check.found}")
        if not check.fine:
            typer.echo(f"        What to do: {check.remedy}")
    raise typer.Exit(0 if fine else 1)


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


@history_app.command("verify")
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


@dead_app.command("list")
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


@dead_app.command("replay")
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


@dead_app.command("acknowledge")
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
    return Console(highlight=False, markup=False)


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
