"""The whole journey, from a company's request for access to a public App and beyond, through HTTP as people take it.

One file an act; `journey` has what they share.
"""

import time

from cli.caller import Caller
from cli.demo.access import admit, invite_colleague
from cli.demo.after import after_the_journey
from cli.demo.building import build
from cli.demo.journey import Journey, Stage
from cli.demo.launch import join_program, launch, verify
from cli.demo.live import appeal, look_again, revise
from cli.demo.review import approve, mend, request_changes
from cli.demo.steps import add_every_step
from cli.view import View
from models.lifecycle import Role

__all__ = ["Stage", "admit", "after_the_journey", "walk"]


def walk(stage: Stage, partner_url: str, view: View) -> str:
    """Takes a new App of a company that `admit` let in all the way, and returns its slug.

    Raises Mistake unless it ends public, with a sound log.
    """
    began = time.monotonic()
    owner = Caller(stage.api_url, stage.tokens[Role.PARTNER.value])
    journey = Journey(stage, partner_url, view, owner, invite_colleague(stage, view, owner))
    for act in _ACTS:
        act(journey)
    view.done("the whole journey", time.monotonic() - began)
    return journey.slug


_ACTS = (
    build,
    request_changes,
    mend,
    approve,
    launch,
    join_program,
    look_again,
    appeal,
    add_every_step,
    revise,
    verify,
)
