"""Coming in: a visitor asks for access, a reviewer decides, the invitation comes by mail, a colleague is invited."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cli.caller import Caller
from cli.demo.journey import Stage, mails_to, next_mail
from cli.mistakes import Mistake
from cli.tokens import Holder, create_token
from cli.view import View
from models.lifecycle import Role

COMPANY = "Acme"
DOMAIN = "acme.example"
OWNER = ("Paula Partner", f"paula@{DOMAIN}")
COLLEAGUE = ("Carl Colleague", f"carl@{DOMAIN}")
TOKEN_DAYS = 30
_CODE = re.compile(r"/v1/invitations/([A-Za-z0-9_-]+)/accept")


def admit(stage: Stage, view: View) -> str:
    """Lets the company in and gives its owner's token; a company of an earlier start gets a new one from the admin.

    Raises Mistake.
    """
    view.act("Access")
    company = _company(stage)
    if company is None:
        if stage.mail is None:
            _ask_and_decide(stage, view)
            return _from_the_command_line(stage, view, COMPANY)
        return _by_invitation(stage, view, OWNER[1], lambda: _ask_and_decide(stage, view))
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


def _ask_and_decide(stage: Stage, view: View) -> None:
    reviewer = stage.caller(Role.REVIEWER)
    waiting = reviewer.get("/v1/access-requests?state=requested&limit=200")["items"]
    request = next((one for one in waiting if one["domain"] == DOMAIN), None)
    if request is None:
        request = Caller(stage.api_url).post("/v1/access-requests", _REQUEST)
        view.done(f"a visitor asked for access for {COMPANY}: {request['note']}")
    seen = reviewer.get(f"/v1/access-requests/{request['id']}")
    findings = ", ".join(finding["code"] for finding in seen["findings"]) or "nothing against the address"
    view.done(f"the reviewer read the plan, the survey and the findings: {findings}")
    reviewer.post(f"/v1/access-requests/{request['id']}/decision", {"decision": "approve"})
    view.done(f"the reviewer let {COMPANY} in")


def _invite_again(stage: Stage, company_id: str) -> None:
    reviewer = stage.caller(Role.REVIEWER)
    sent = reviewer.get(f"/v1/organizations/{company_id}/invitations?limit=200")["items"]
    mine = [one for one in sent if one["email"] == OWNER[1] and one["state"] in ("open", "expired")]
    if not mine:
        raise Mistake(f"{COMPANY} takes part and has nobody.", "Begin anew: delete the folder .devcenter.")
    reviewer.post(f"/v1/invitations/{mine[-1]['id']}/reissue")


def _by_invitation(stage: Stage, view: View, email: str, invite: Callable[[], None]) -> str:
    """Has an invitation sent, reads the mail, accepts, and returns the token."""
    if stage.mail is None:
        raise Mistake("The invitation cannot be read.", "Unset DEVCENTER_SMTP_HOST.")
    known = len(mails_to(stage.mail, email))
    invite()
    view.doing(f"the invitation is on its way to {email}")
    code = _CODE.search(next_mail(stage.mail, email, known))
    if code is None:
        raise Mistake(f"The mail to {email} holds no invitation.", "Read it with `devcenter mail`.")
    accepted = Caller(stage.api_url).post(f"/v1/invitations/{code.group(1)}/accept")
    view.done(f"{accepted['name']} accepted the invitation of the mail, and has a token")
    return str(accepted["token"])


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
