"""Coming in: a visitor asks for access and proves the address, a reviewer decides, and invitations come by mail."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cli.caller import Caller, wait_for
from cli.demo.journey import PATIENCE_SECONDS, Stage, mails_to
from cli.demo.pages import Opened, open_page
from cli.mistakes import Mistake
from cli.place import database_now, unit_of_work
from cli.tokens import Holder, create_token
from cli.view import View
from models.lifecycle import Role
from workflow.access.requests import AccessRequestContent, request_access
from workflow.policy.document import load_policies

COMPANY = "Acme"
DOMAIN = "acme.example"
OWNER = ("Paula Partner", f"paula@{DOMAIN}")
COLLEAGUE = ("Carl Colleague", f"carl@{DOMAIN}")
TOKEN_DAYS = 30


def admit(stage: Stage, view: View) -> str:
    """Lets the company in and gives its owner's token; a company of an earlier start gets a new one from the admin.

    Raises Mistake.
    """
    view.act("Access")
    company = _company(stage)
    if company is None:
        request_id = _ask(stage, view)
        if stage.mail is None:
            _decide(stage, view, request_id)
            return _from_the_command_line(stage, view, COMPANY)
        return _by_invitation(stage, view, OWNER[1], lambda: _decide(stage, view, request_id))
    people = stage.caller(Role.ADMIN).get(f"/v1/organizations/{company['id']}/people")["items"]
    known = next((one for one in people if one["owner"]), None) or next(iter(people), None)
    if known:
        view.done(f"{COMPANY} takes part since an earlier start: the admin makes a new token for {known['name']}")
        return _from_the_admin(stage, known["id"])
    if stage.mail is None:
        return _from_the_command_line(stage, view, company["name"])
    return _by_invitation(stage, view, OWNER[1], lambda: _invite_again(stage, company["id"]))


def invite_colleague(stage: Stage, view: View, owner: Caller) -> Caller:
    """Lets the owner invite a colleague and gives the colleague, who has a token of their own. Raises Mistake."""
    company = _company(stage)
    if company is None or stage.mail is None:
        return owner
    path = f"/v1/organizations/{company['id']}"
    name, email = COLLEAGUE
    known = next((one for one in owner.get(f"{path}/people")["items"] if one["email"] == email), None)
    if known:
        view.done(f"{known['name']} works there too: the admin makes a new token")
        return Caller(stage.api_url, _from_the_admin(stage, known["id"]))

    def invite() -> None:
        owner.post(f"{path}/invitations", {"name": name, "email": email})
        view.done(f"the partner invited a colleague, {name}")

    return Caller(stage.api_url, _by_invitation(stage, view, email, invite))


def _company(stage: Stage) -> dict[str, Any] | None:
    after = ""
    while True:
        page = stage.caller(Role.ADMIN).get(f"/v1/organizations?limit=200{after}")
        found = next((one for one in page["items"] if one["domain"] == DOMAIN), None)
        if found or not page["next"]:
            return found
        after = f"&after={page['next']}"


def _ask(stage: Stage, view: View) -> str:
    """Has the company ask for access, unless it waits since an earlier start. Returns the request's id."""
    waiting = stage.caller(Role.REVIEWER).get("/v1/access-requests?state=requested&limit=200")["items"]
    request = next((one for one in waiting if one["domain"] == DOMAIN), None)
    if request is not None:
        return str(request["id"])
    if stage.mail is None:
        return _enter_from_the_command_line(stage, view)
    asked: dict[str, Any] = {}

    def ask() -> None:
        asked.update(Caller(stage.api_url).post("/v1/access-requests", _REQUEST))
        view.done(f"a visitor asked for access for {COMPANY}: {asked['note']}")

    page = _by_mail(stage, view, OWNER[1], ask, "proofs")
    view.done(f"the visitor opened the link of the mail and confirmed the address: {page.press().heading}")
    return str(asked["id"])


def _enter_from_the_command_line(stage: Stage, view: View) -> str:
    """Where mails leave this machine, whoever runs it answers for the address in place of the mailed link."""
    entered = {name: _REQUEST[name] for name in ("company_name", "website", "contact_name", "contact_email", "survey")}
    content = AccessRequestContent(
        **entered,
        plan=_REQUEST["plan"]["use_case"],
        component_kinds=tuple(_REQUEST["plan"]["component_kinds"]),
        agreements=tuple(_REQUEST["agreements"]),
    )
    with unit_of_work(stage.database_url) as session:
        request = request_access(session, content, database_now(session), load_policies(session).current).request
        view.done(f"{COMPANY} asked for access from the command line: mails go to another mail server")
        return str(request.id)


def _decide(stage: Stage, view: View, request_id: str) -> None:
    reviewer = stage.caller(Role.REVIEWER)
    seen = reviewer.get(f"/v1/access-requests/{request_id}")
    findings = ", ".join(finding["code"] for finding in seen["findings"]) or "nothing against the address"
    view.done(f"the reviewer read the plan, the survey and the findings: {findings}")
    reviewer.post(f"/v1/access-requests/{request_id}/decision", {"decision": "approve"})
    view.done(f"the reviewer let {COMPANY} in")


def _invite_again(stage: Stage, company_id: str) -> None:
    reviewer = stage.caller(Role.REVIEWER)
    sent = reviewer.get(f"/v1/organizations/{company_id}/invitations?limit=200")["items"]
    mine = [one for one in sent if one["email"] == OWNER[1] and one["state"] in ("open", "expired")]
    if not mine:
        raise Mistake(f"{COMPANY} takes part and has nobody.", "Begin anew: delete the folder .devcenter.")
    reviewer.post(f"/v1/invitations/{mine[-1]['id']}/reissue")


def _by_invitation(stage: Stage, view: View, email: str, invite: Callable[[], None]) -> str:
    """Has an invitation sent, opens the page of the mail, accepts, and returns the token."""
    accepted = _by_mail(stage, view, email, invite, "invitations").press()
    view.done(f"{accepted.heading}: the invitation of the mail is accepted, and gave a token")
    return accepted.value("token")


def _by_mail(stage: Stage, view: View, email: str, send: Callable[[], None], kind: str) -> Opened:
    """Has a mail sent that `send` causes, and opens the page of that kind to which it links. Raises Mistake."""
    if stage.mail is None:
        raise Mistake("The mail cannot be read.", "Unset DEVCENTER_SMTP_HOST.")
    folder = stage.mail
    known = len(_links_to(folder, email, kind))
    send()
    view.doing(f"the mail is on its way to {email}")
    links = wait_for(
        lambda: _links_to(folder, email, kind)[known:], seconds=PATIENCE_SECONDS, what=f"The mail to {email}"
    )
    return open_page(links[0])


def _links_to(folder: Path, email: str, kind: str) -> list[str]:
    """Returns the links to pages of a kind in the mails to `email`, oldest first."""
    return [link for text in mails_to(folder, email) for link in re.findall(rf"https?://\S+/{kind}/[\w-]+", text)]


def _from_the_admin(stage: Stage, person_id: str) -> str:
    body = {"person_id": person_id, "label": stage.token_label, "expires_in_days": TOKEN_DAYS}
    return str(stage.caller(Role.ADMIN).post("/v1/tokens", body)["token"])


def _from_the_command_line(stage: Stage, view: View, company: str) -> str:
    """Where mails leave this machine nobody here can read an invitation."""
    name, email = OWNER
    holder = Holder(Role.PARTNER, name, email, company)
    token = create_token(stage.database_url, holder, label=stage.token_label, life=timedelta(days=TOKEN_DAYS))
    view.done(f"{name} has a token from the command line: the invitation goes to another mail server")
    return token


_REQUEST: dict[str, Any] = {
    "company_name": COMPANY,
    "website": f"https://{DOMAIN}",
    "contact_name": OWNER[0],
    "contact_email": OWNER[1],
    "plan": {"use_case": "Customers see their events as charts.", "component_kinds": ["subscription"]},
    "survey": {
        "how_data_comes_in": "Through our API.",
        "where_data_goes": "Into charts that a team reads together.",
        "what_customers_do": "They ask why users leave.",
        "how_heard_of_us": "A customer asked for it.",
    },
    "agreements": {"partner_agreement": True, "privacy_policy": True},
}
