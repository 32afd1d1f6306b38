"""The address for support, which everybody sees in the catalog: only one that mail can be sent to."""

import pytest

from models.checklist import Requirement
from workflow.building.evidence import problems_with

ACCEPTED = ["help@acme.example", "Help+apps@support.acme.example", "hilfe@bücher.example", "o'neil@acme.co.uk"]
REFUSED = [
    "help",
    "help@acme",
    "help@localhost",
    "help@10.0.0.1",
    "a b@acme.example",
    "help@acme.example, other@acme.example",
    '"><script>@acme.example',
    "javascript:alert(1)//@acme.example",
    "help\u202e@acme.example",
    "help@acme.example\n",
    "help@-acme.example",
    "a" * 300 + "@acme.example",
    "",
    None,
    ["help@acme.example"],
]


def _problems(address: object) -> list[str]:
    found = problems_with(Requirement.APP_INFO, {"support_email": address}, ("Analytics",))
    return [problem for problem in found if "support_email" in problem]


@pytest.mark.parametrize("address", ACCEPTED)
def test_an_address_that_mail_can_be_sent_to_is_accepted(address: str) -> None:
    assert _problems(address) == []


@pytest.mark.parametrize("address", REFUSED)
def test_anything_else_is_refused_with_an_example(address: object) -> None:
    (problem,) = _problems(address)
    assert "help@acme.example" in problem
