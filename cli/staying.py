"""`devcenter up` and `devcenter demo`: running an installation, with or without the journey, until it is enough."""

import threading
import time

from rich.console import Console

from cli.demo import Stage, after_the_journey, walk
from cli.home import Home
from cli.partner import lent_partner, start_partner
from cli.up import Installation, installation
from cli.view import View
from runtime.embedded.processes import free_port


def stay_up(console: Console, *, journey: bool) -> None:
    """Runs everything until Ctrl-C or SIGTERM. Raises what a start or the journey raises, after stopping all."""
    began = time.monotonic()
    home = Home.here()
    console.print(f"Starting devcenter in {home.path} ...")
    try:
        with installation(home, console.print) as started:
            console.print(f"Everything runs, after {time.monotonic() - began:.1f} seconds.")
            slug = _journey(started, console) if journey else "my-app"
            console.print(after_the_journey(started, slug), soft_wrap=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Everything is stopped.")


def walk_once(console: Console) -> None:
    """Walks an App to public, in the `devcenter up` of this folder or in one that runs only for this."""
    home = Home.here()
    run = home.running()
    if run is None:
        with installation(home, console.print) as started:
            _journey(started, console)
        return
    key = home.secrets().history_key
    stage = Stage(run["api_url"], run["database_url"], run["tokens"], key.encode())
    with lent_partner(home) as partner_url, View(console) as view:
        walk(stage, partner_url, view)


def _journey(started: Installation, console: Console) -> str:
    partner_url = start_partner(started, free_port())
    key = started.settings.history_key.get_secret_value().encode()
    stage = Stage(started.api_url, started.settings.database_url, started.tokens, key)
    with View(console) as view:
        return walk(stage, partner_url, view)
