"""`devcenter up` and `devcenter demo`: running an installation, with or without the journey, until it is enough."""

import threading
import time
from pathlib import Path

from rich.console import Console

from cli.demo import Stage, admit, after_the_journey, walk
from cli.explaining import explain
from cli.home import Home, Run
from cli.mistakes import Mistake
from cli.partner import lent_partner, start_partner
from cli.up import Installation, announce, installation
from cli.view import View
from models.lifecycle import Role
from runtime.embedded.processes import free_port
from workflow.profile.loading import load_profile

INTERRUPTED = 130
"""The exit code of a start that Ctrl-C or SIGTERM broke off."""


def stay_up(console: Console, *, journey: bool) -> int:
    """Runs everything until Ctrl-C or SIGTERM, whether the journey succeeds or not; returns the exit code.

    Raises what a start raises, after stopping all.
    """
    began = time.monotonic()
    home = Home.here()
    console.print(f"Starting devcenter in {home.path} ...")
    runs = False
    try:
        with installation(home, console.print) as started:
            runs = True
            console.print(f"Everything runs, after {time.monotonic() - began:.1f} seconds.")
            _entertain(started, console, journey=journey)
            threading.Event().wait()
    except KeyboardInterrupt:
        if runs:
            console.print("Everything is stopped.")
            return 0
        said = "The start was broken off and everything is stopped. The next start goes on from here."
        console.print(said)
        return INTERRUPTED
    return 0


def walk_once(console: Console) -> None:
    """Walks an App to public, in the `devcenter up` of this folder or in one that runs only for this."""
    home = Home.here()
    run = home.running()
    if run is None:
        with installation(home, console.print) as started, View(console) as view:
            stage = _stage_in(started)
            _admit(started, stage, view)
            walk(stage, start_partner(started, free_port(), started.profile), view)
        return
    stage = _stage_of(home, run)
    with lent_partner(home, stage.profile) as partner_url, View(console) as view:
        stage.tokens[Role.PARTNER.value] = admit(stage, view)
        walk(stage, partner_url, view)


def _entertain(started: Installation, console: Console, *, journey: bool) -> None:
    """Lets the example partner in, tells of the installation, and walks an App if a journey is wanted.

    What fails is said, and everything keeps running: the installation is there for more than its demo.
    """
    stage = _stage_in(started)
    pages = slug = failure = None
    try:
        with View(console) as view:
            _admit(started, stage, view)
            if journey:
                pages = start_partner(started, free_port(), started.profile)
                slug = walk(stage, pages, view)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no reason to stop what runs
        failure = explain(error) or Mistake(f"{type(error).__name__}: {error}", "Look at the logs.")
    announce(started)
    console.print(after_the_journey(started, slug, pages))
    if failure is not None:
        console.print(_words(failure, journey=journey))


def _words(failure: Mistake, *, journey: bool) -> str:
    what = "The demo did not get to its end" if journey else "The example partner was not let in"
    again = " `devcenter demo` tries the journey again, in another terminal." if journey else ""
    return (
        f"\n{what}; everything else runs, and stays up until Ctrl-C.\n"
        f"What happened: {failure.what}\nWhat to do: {failure.remedy}{again}"
    )


def _admit(started: Installation, stage: Stage, view: View) -> None:
    started.tokens[Role.PARTNER.value] = admit(stage, view)
    announce(started)


def _stage_in(started: Installation) -> Stage:
    key = started.settings.history_key.get_secret_value().encode()
    return Stage(
        started.api_url,
        started.tracking_address,
        started.settings.database_url,
        started.tokens,
        key,
        started.mail,
        started.profile,
        started.home.secrets().token_label,
    )


def _stage_of(home: Home, run: Run) -> Stage:
    mail = home.mail if "mailserver" in run["pids"] else None
    kept = home.secrets()
    key, tokens = kept.history_key.encode(), dict(run["tokens"])
    profile = load_profile(Path(named) if (named := run.get("settings", {}).get("profile")) else None)
    return Stage(run["api_url"], run["tracking_url"], run["database_url"], tokens, key, mail, profile, kept.token_label)
