"""`devcenter up` and `devcenter demo`: running an installation, with or without the journey, until it is enough."""

import threading
import time
from pathlib import Path

from rich.console import Console

from cli.demo import Stage, admit, after_the_journey, walk
from cli.home import Home, Run
from cli.partner import lent_partner, start_partner
from cli.up import Installation, announce, installation
from cli.view import View
from models.lifecycle import Role
from runtime.embedded.processes import free_port
from workflow.profile.loading import load_profile


def stay_up(console: Console, *, journey: bool) -> None:
    """Runs everything until Ctrl-C or SIGTERM. Raises what a start or the journey raises, after stopping all."""
    began = time.monotonic()
    home = Home.here()
    console.print(f"Starting devcenter in {home.path} ...")
    try:
        with installation(home, console.print) as started:
            console.print(f"Everything runs, after {time.monotonic() - began:.1f} seconds.")
            pages = start_partner(started, free_port(), started.profile) if journey else None
            slug = _play(started, console, pages)
            console.print(after_the_journey(started, slug, pages), soft_wrap=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Everything is stopped.")


def walk_once(console: Console) -> None:
    """Walks an App to public, in the `devcenter up` of this folder or in one that runs only for this."""
    home = Home.here()
    run = home.running()
    if run is None:
        with installation(home, console.print) as started:
            _play(started, console, start_partner(started, free_port(), started.profile))
        return
    stage = _stage_of(home, run)
    with lent_partner(home, stage.profile) as partner_url, View(console) as view:
        stage.tokens[Role.PARTNER.value] = admit(stage, view)
        walk(stage, partner_url, view)


def _play(started: Installation, console: Console, pages: str | None) -> str | None:
    """Lets the partner in, tells of the installation, and walks if the partner has pages; returns the App's slug."""
    key = started.settings.history_key.get_secret_value().encode()
    stage = Stage(started.api_url, started.settings.database_url, started.tokens, key, started.mail, started.profile)
    with View(console) as view:
        started.tokens[Role.PARTNER.value] = admit(stage, view)
        announce(started)
        return walk(stage, pages, view) if pages else None


def _stage_of(home: Home, run: Run) -> Stage:
    mail = home.mail if "mailserver" in run["pids"] else None
    key = home.secrets().history_key.encode()
    profile = load_profile(Path(named) if (named := run.get("profile")) else None)
    return Stage(run["api_url"], run["database_url"], dict(run["tokens"]), key, mail, profile)
