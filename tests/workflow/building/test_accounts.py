"""The kinds of test accounts: what each must have, what is a secret, and reading and sealing every one of them."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.checklist import SECRET_FIELDS, Requirement
from runtime.secrets import KeyRing
from tests.journeys import PROFILE, People, app_building, now_of
from workflow.building.accounts import FIELDS, KINDS, MAX_SECRET, problems_with_account
from workflow.building.checklist import store_evidence, without_secrets
from workflow.building.evidence import problems_with
from workflow.building.test_account import read_test_account, reseal_test_accounts
from workflow.operating.secret_keys import find_unreadable_secret

SECRET = "s3cret-"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "password": {"username": "rae", "password": SECRET + "pw", "totp_secret": SECRET + "totp", "notes": "At /."},
    "old": {"username": "rae", "password": SECRET + "pw", "notes": "Without a kind, as all once were."},
    "api_key": {"kind": "api_key", "api_key": SECRET + "k" * 2300},
    "private key": {"kind": "api_key", "api_key": (SECRET + "-----BEGIN PRIVATE KEY-----\n").ljust(MAX_SECRET, "A")},
    "sso": {"kind": "sso", "provider": "Google", "username": "rae@acme.example", "password": SECRET + "sso"},
    "mailed code": {"kind": "mailed_code", "email": "rae@acme.example", "notes": "We mail a code."},
    "fixed code": {
        "kind": "mailed_code",
        "email": "rae@acme.example",
        "code": SECRET + "123",
        "url": "https://a.example",
    },
    "mailbox": {"kind": "mailed_code", "email": "r@acme.example", "mailbox_password": SECRET + "box"},
    "none": {"kind": "none", "reason": "Everything is open: one opens the page and sends events."},
}


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_an_account_is_stored_sealed_shown_without_secrets_read_and_sealed_anew(
    engine: Engine, people: People, account: dict[str, Any]
) -> None:
    old, new = (KeyRing([SecretStr(Fernet.generate_key().decode())]) for _ in range(2))
    app_building(engine, people, "acme")
    with Session(engine) as session, session.begin():
        now = now_of(session)
        item = store_evidence(
            session, "acme", "test_account", account, people.partner, now, old.seal, old.unseal, PROFILE
        )
        assert item.findings == []
        assert SECRET not in str(session.execute(text("SELECT evidence FROM checklist_item")).all())
        shown = without_secrets("test_account", item.evidence)
        assert SECRET not in str(shown)
        assert {name for name, value in shown.items() if value == "***"} == set(account) & SECRET_FIELDS
    with Session(engine) as session, session.begin():
        expected = {"kind": "password", **account}
        assert read_test_account(session, "acme", people.admin, old.unseal) == expected
        assert find_unreadable_secret(session, old.unseal) is None
    with Session(engine) as session, session.begin():
        resealed = reseal_test_accounts(session, lambda sealed: new.seal(old.unseal(sealed)), after=None)
        assert (resealed.renewed, resealed.unreadable) == (1, ())
        assert read_test_account(session, "acme", people.admin, new.unseal) == expected
        assert (find_unreadable_secret(session, old.unseal) is None) is not (set(account) & SECRET_FIELDS != set())


@pytest.mark.parametrize(
    ("account", "named"),
    [
        ({"username": "r@acme.example", "password": "", "notes": "we mail a code"}, '"mailed_code" for a code'),
        ({"kind": "magic"}, "kind must be one of"),
        ({"kind": ["password"]}, "kind must be one of"),
        ({"kind": "api_key"}, "api_key must be a text of 1 to 8192"),
        ({"kind": "api_key", "api_key": "k" * (MAX_SECRET + 1)}, "1 to 8192"),
        ({"kind": "api_key", "api_key": "k", "password": "p"}, "has no password"),
        ({"kind": "none"}, "reason must be"),
        ({"kind": "none", "reason": "   "}, "reason must be"),
        ({"kind": "sso", "username": "rae"}, "provider must be"),
        ({"kind": "mailed_code", "email": "r@acme.example", "url": "javascript:1"}, "url must be"),
        ({"kind": "mailed_code", "email": "r@acme.example", "code": 123456}, "code must be a text"),
        ({"username": "rae", "password": "p", "secret": "q"}, "no field secret"),
    ],
)
def test_what_is_wrong_with_an_account_is_named_with_the_way_out(account: dict[str, Any], named: str) -> None:
    problems = " ".join(problems_with(Requirement.TEST_ACCOUNT, account, ()))
    assert named in problems
    assert account.get("password") != "p" or "p" not in problems.split()


def test_every_field_that_could_be_a_secret_is_one_and_every_kind_needs_something() -> None:
    assert {
        name for name in FIELDS if any(word in name for word in ("password", "key", "secret", "code"))
    } == SECRET_FIELDS
    for kind in KINDS.values():
        assert kind.required
        assert problems_with_account({"kind": kind.name})
