"""The journey of an App from creation to public, driven over HTTP by those who would do it."""

import shlex
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from cli.caller import Caller, wait_for
from cli.mistakes import Mistake
from cli.place import unit_of_work
from cli.up import CHECKOUT, Installation
from cli.view import RuleResult, View
from cli.webhook import try_webhook
from models import App
from models.base import new_id
from models.lifecycle import AppState, AppTrigger, Role
from workflow.audit import verify_history
from workflow.reviewing.steps import MACHINE_STEPS
from workflow.rules import RULES_OF

CUSTOMERS = ("globex", "initech", "umbrella")
PATIENCE_SECONDS = 60.0
APP_NAME = "Acme Insights"
LAUNCH = CHECKOUT / "examples" / "partner" / "launch"
"""What the example partner brings to the launch: texts and pictures."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the journey takes place, and with whose tokens. `history_key` verifies its log at the end."""

    api_url: str
    database_url: str
    tokens: dict[str, str]
    history_key: bytes


def walk(stage: Stage, partner_url: str, view: View) -> str:
    """Takes a new App all the way and gives its slug. Raises Mistake unless it ends public, with a sound log."""
    journey = _Journey(stage, partner_url, view)
    journey.build()
    journey.review()
    journey.launch()
    return journey.slug


class _Journey:
    def __init__(self, stage: Stage, partner_url: str, view: View) -> None:
        self._stage = stage
        self._partner_url = partner_url
        self._view = view
        self._partner, self._reviewer, self._service = (
            Caller(stage.api_url, stage.tokens[role.value]) for role in (Role.PARTNER, Role.REVIEWER, Role.SERVICE)
        )
        self._shown = 0
        self.slug = f"acme-insights-{new_id().hex[-8:]}"

    def build(self) -> None:
        """The partner creates the App, adds a tested Component, gives the checklist, and submits."""
        view, path = self._view, f"/v1/apps/{self.slug}"
        began = time.monotonic()
        self._partner.post("/v1/apps", {"slug": self.slug, "name": APP_NAME})
        self._show_moves(began)
        self._show_rules(self._partner, AppTrigger.SUBMIT)
        component = self._partner.post(
            f"{path}/components",
            {
                "kind": "subscription",
                "subkind": "webhook",
                "name": "Acme webhook",
                "settings": {
                    "url": f"{self._partner_url}/webhook",
                    "event_types": ["identify", "track", "page", "screen", "group", "alias", "delete"],
                },
            },
        )
        test = self._partner.post(
            f"{path}/components/{component['id']}/tests", {"results": try_webhook(f"{self._partner_url}/webhook")}
        )
        view.done(f"the partner added a webhook subscription and tried it with every event: {test['colour']}")
        pictures = {
            kind: self._partner.upload(f"{path}/assets?kind={kind}", (LAUNCH / file).read_bytes())["id"]
            for kind, file in (("logo", "logo.svg"), ("mark", "mark.svg"), ("screenshot", "screenshot.png"))
        }
        view.done("the partner uploaded a logo, a mark and a screenshot")
        for code, evidence in _evidence(self._partner_url, pictures).items():
            self._partner.put(f"{path}/checklist/{code}", {"evidence": evidence})
        view.done("the partner gave everything on the launch checklist")
        self._show_rules(self._partner, AppTrigger.SUBMIT)
        self._ask(self._partner, AppTrigger.SUBMIT)

    def review(self) -> None:
        """The reviewer claims the review, waits for the machine's step, takes their own, and approves."""
        view = self._view
        reviews = self._reviewer.get("/v1/reviews?show=unclaimed&limit=200")
        found = next(one for one in reviews["items"] if one["app"] == self.slug)
        path = f"/v1/reviews/{found['id']}"
        self._reviewer.post(f"{path}/claim")
        view.done("the reviewer claimed the review")
        view.doing("workers read the partner's pages")
        began = time.monotonic()

        def decided() -> list[dict[str, Any]] | None:
            steps = [step for step in self._reviewer.get(path)["steps"] if step["code"] in MACHINE_STEPS]
            return steps if all(step["state"] != "pending" for step in steps) else None

        for step in wait_for(decided, seconds=PATIENCE_SECONDS, what="the review steps of machines"):
            if step["state"] != "passed":
                words = "; ".join(finding["detail"] for finding in step["findings"])
                raise Mistake(f"The step {step['code']} {step['state']}: {words}", "Mend the page and start again.")
            view.done(f"a worker took the step {step['code']}: passed", time.monotonic() - began)
        self._show_rules(self._reviewer, AppTrigger.APPROVE)
        account = self._reviewer.get(f"/v1/apps/{self.slug}/test-account")
        for step in self._reviewer.get(path)["steps"]:
            if step["state"] == "pending":
                self._reviewer.post(f"{path}/steps/{step['code']}", {"decision": "pass"})
                view.done(f"the reviewer, logged in as {account['username']}, took the step {step['code']}: passed")
        self._ask(self._reviewer, AppTrigger.APPROVE)

    def launch(self) -> None:
        """A service reports an install and customers; the schedule makes the App public."""
        view, path = self._view, f"/v1/apps/{self.slug}"
        self._show_rules(self._service, AppTrigger.PROMOTE)
        self._service.put(f"{path}/oauth-installs/{CUSTOMERS[0]}")
        view.done("the service saw an install through the OAuth enable flow")
        began = time.monotonic()
        for count, workspace in enumerate(CUSTOMERS, start=1):
            began = time.monotonic()
            self._service.put(f"{path}/customers/{workspace}")
            view.done(f"customer {count} is onboarded: {workspace}")
        view.doing("the schedule promotes the App")
        wait_for(
            lambda: self._partner.get(path)["state"] == AppState.PUBLIC.value,
            seconds=PATIENCE_SECONDS,
            what="the promotion to public",
        )
        self._show_moves(began)
        self._verify()
        view.done(f"{self.slug} is public in the database, and the hashes of its log verify")

    def _ask(self, who: Caller, trigger: AppTrigger) -> None:
        self._view.doing(f"{trigger} is judged")
        began = time.monotonic()
        who.ask_for(self.slug, trigger.value)
        self._show_moves(began)

    def _show_rules(self, who: Caller, trigger: AppTrigger) -> None:
        triggers = who.get(f"/v1/apps/{self.slug}/triggers")
        found = next(one for one in triggers["triggers"] if one["trigger"] == trigger.value)
        unmet = {rule["code"]: rule for rule in found["unmet"]}
        self._view.rules(
            trigger.value,
            [RuleResult(rule.title, rule.code not in unmet, *_why(unmet.get(rule.code))) for rule in RULES_OF[trigger]],
        )

    def _show_moves(self, began: float) -> None:
        """Shows what the log has gained; `began` is when it was asked for, by this process's steady clock."""
        seconds = time.monotonic() - began
        moves = self._partner.get(f"/v1/apps/{self.slug}/transitions")["items"]
        for move in sorted(moves, key=lambda one: one["version"])[self._shown :]:
            role = move["actor_role"]
            self._view.moved(move["from_state"], move["trigger"], move["to_state"], f"the {role}", seconds)
            self._shown += 1

    def _verify(self) -> None:
        with unit_of_work(self._stage.database_url) as session:
            app = session.scalar(select(App).where(App.slug == self.slug))
            if app is None or app.state != AppState.PUBLIC:
                raise Mistake(f"{self.slug} is not public in the database.", "Look at the logs of the workers.")
            _demand_sound(app.id, list(verify_history(session, self._stage.history_key)))


def _demand_sound(app_id: UUID, findings: list[Any]) -> None:
    words = "; ".join(finding.detail for finding in findings if finding.app_id == app_id)
    if words:
        raise Mistake(f"The log of the App is not as it was written: {words}", "Run `devcenter audit verify`.")


def _why(unmet: dict[str, str] | None) -> tuple[str, str]:
    return (unmet["detail"], unmet["remedy"]) if unmet else ("", "")


def _evidence(partner_url: str, pictures: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Gives what the example partner gives for each requirement; `pictures` are the ids of what it uploaded."""
    return {
        "app_info": {
            "website": partner_url,
            "description": "Acme Insights turns the events of your customers into charts that a team reads together.",
            "categories": ["Analytics"],
            "support_email": "help@acme.example",
            "logo": pictures["logo"],
            "mark": pictures["mark"],
        },
        "platform_documentation": {"text": (LAUNCH / "documentation.md").read_text("utf-8")},
        "partner_documentation": {"url": f"{partner_url}/docs"},
        "catalog_details": {
            "text": (LAUNCH / "catalog.md").read_text("utf-8"),
            "screenshots": [pictures["screenshot"]],
        },
        "partners_page": {"url": f"{partner_url}/partners"},
        "launch_announcement": {"url": f"{partner_url}/blog/segment"},
        "test_account": {"username": "reviewer", "password": "a-password-for-reviewers", "notes": "Log in at /."},
        "replay_info": {"possible": True, "requests_per_second": 50},
    }


def after_the_journey(started: Installation, slug: str) -> str:
    """Gives what to say when all stays up: addresses, tokens, and three things to try."""
    url, tokens = started.api_url, started.tokens
    lines = [
        "",
        f"API        {url}  (its pages: {url}/docs)",
        f"Postgres   {started.settings.database_url}",
        f"Redis      {started.settings.redis_url}",
        f"Files      {started.home.path}  (run.json, log/, mail/)",
        "",
        *(f"{role:<10} {token}" for role, token in tokens.items()),
        "",
        "Three things to try, in another terminal:",
        f"  curl -s {url}/v1/catalog/{slug}",
        f"  curl -s -H 'Authorization: Bearer {tokens['partner']}' {url}/v1/apps/{slug}/transitions",
        f"  curl -s -H 'Authorization: Bearer {tokens['partner']}' -H 'Content-Type: application/json' "
        f'-H \'Idempotency-Key: my-first-app\' -d \'{{"slug": "my-app", "name": "My App"}}\' {url}/v1/apps',
        "",
        f"The mails that were sent: {_command()} mail. Ctrl-C stops everything.",
    ]
    return "\n".join(lines)


def _command() -> str:
    """Gives this program as it can be called here: by its name only where a shell would find it."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if found and Path(found).resolve() == called.resolve():
        return called.name
    return shlex.quote(sys.argv[0])
