"""What the acts of the journey share: where it takes place, who calls, and what is shown of transitions and rules."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.caller import Caller
from cli.mail import Mailbox
from cli.up import CHECKOUT
from cli.view import RuleResult, View
from models.base import new_id
from models.lifecycle import AppTrigger, Role
from workflow.lifecycle.rules import RULES_OF
from workflow.profile.document import Profile, words_of
from workflow.profile.guides import fill_words

APP_NAME = "Acme Insights"
LAUNCH = CHECKOUT / "examples" / "partner" / "launch"
"""What the example partner brings to the launch: texts and pictures."""
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the journey takes place, and with whose tokens. Streams send their events to `tracking_url`.

    `history_key` verifies the App's log at the end. `mail` is the folder of the embedded mailbox; None when mails go to
    a server of somebody else. `token_label` is that of the tokens which are made on the way.
    """

    api_url: str
    tracking_url: str
    database_url: str
    tokens: dict[str, str]
    history_key: bytes
    mail: Path | None
    profile: Profile
    token_label: str

    def caller(self, role: Role) -> Caller:
        """Returns somebody who calls with the token of `role`."""
        return Caller(self.api_url, self.tokens[role.value])


class Journey:
    """A new App on its way. `partner` owns its company, `colleague` works there too."""

    def __init__(self, stage: Stage, partner_url: str, view: View, partner: Caller, colleague: Caller) -> None:
        self.stage = stage
        self.profile = stage.profile
        self.partner_url = partner_url
        self.view = view
        self.partner = partner
        self.colleague = colleague
        self.reviewer = stage.caller(Role.REVIEWER)
        self.service = stage.caller(Role.SERVICE)
        self.admin = stage.caller(Role.ADMIN)
        self.slug = f"acme-insights-{new_id().hex[-8:]}"
        self.path = f"/v1/apps/{self.slug}"
        self._shown = 0

    def ask(self, who: Caller, trigger: AppTrigger, reason: str | None = None) -> None:
        """Asks for a transition and shows it. Raises Mistake unless it is applied."""
        self.moving(trigger, lambda: who.ask_for(self.slug, trigger.value, reason))

    def moving(self, trigger: AppTrigger, act: Callable[[], Any]) -> None:
        """Shows the transition that `act` brings about, and its time."""
        self.view.doing(f"{trigger} is judged")
        began = time.monotonic()
        act()
        self.show_moves(began)

    def show_rules(self, who: Caller, trigger: AppTrigger) -> None:
        """Shows how each rule of a trigger is judged for `who` now."""
        triggers = who.get(f"{self.path}/triggers")
        found = next(one for one in triggers["triggers"] if one["trigger"] == trigger.value)
        unmet = {rule["code"]: rule for rule in found["unmet"]}
        results = [
            RuleResult(rule.title, rule.code not in unmet, *_why(unmet.get(rule.code))) for rule in RULES_OF[trigger]
        ]
        self.view.rules(trigger.value, results)

    def show_moves(self, began: float) -> None:
        """Shows what the log has gained; `began` is when it was asked for, by this process's steady clock."""
        seconds = time.monotonic() - began
        moves = self.partner.get(f"{self.path}/transitions")["items"]
        for move in sorted(moves, key=lambda one: one["version"])[self._shown :]:
            role = move["actor_role"]
            self.view.moved(move["from_state"], move["trigger"], move["to_state"], f"the {role}", seconds)
            self._shown += 1


def launch_text(name: str, profile: Profile) -> str:
    """Returns a text that the example partner brings to the launch, with the platform's names in it."""
    return fill_words((LAUNCH / name).read_text("utf-8"), words_of(profile))


def mails_to(folder: Path, address: str) -> list[str]:
    """Returns the texts of the mails to `address`, oldest first."""
    letters = (letter for letter in Mailbox(folder).letters() if letter.message["To"] == address)
    return [letter.as_text() for letter in letters]


def _why(unmet: dict[str, str] | None) -> tuple[str, str]:
    return (unmet["detail"], unmet["remedy"]) if unmet else ("", "")
