"""Addresses in evidence: what nobody could open, or nobody should be sent to, is refused at once with what to do."""

import pytest

from models.checklist import Requirement
from workflow.building.evidence import problems_with

REFUSED = [
    ("http://169.254.169.254/", "inside a network"),
    ("https://10.0.0.1/docs", "inside a network"),
    ("https://192.168.1.1", "inside a network"),
    ("https://127.0.0.1:8443/", "inside a network"),
    ("https://0.0.0.0/", "inside a network"),
    ("https://2130706433/", "inside a network"),
    ("https://0x7f.1/", "inside a network"),
    ("https://0177.0.0.1/", "inside a network"),
    ("https://\uff11\uff12\uff17.0.0.1/", "inside a network"),
    ("https://100.64.0.1/", "inside a network"),
    ("https://224.0.0.1/", "inside a network"),
    ("https://[::1]/", "inside a network"),
    ("https://[fe80::1]/", "inside a network"),
    ("https://[fd00::1]/", "inside a network"),
    ("https://[::ffff:10.0.0.1]/", "inside a network"),
    ("https://[64:ff9b::a00:1]/", "inside a network"),
    ("https://[2001:db8::1]/", "inside a network"),
    ("https://localhost/docs", "inside a network"),
    ("https://LOCALHOST./docs", "inside a network"),
    ("https://wiki/docs", "inside a network"),
    ("https://wiki.internal/docs", "inside a network"),
    ("https://nas.local", "inside a network"),
    ("https://user:pass@acme.example/", "user name or a password"),
    ("https://token@acme.example/docs", "user name or a password"),
    ("https://acme.example:22/", "port 22"),
    ("http://acme.example:25/docs", "port 25"),
    ("https://acme.example:99999/", "cannot be opened"),
    ("https://exa mple.com/", "must be a URL"),
    ("ftp://acme.example/", "must be a URL"),
]
ACCEPTED = [
    "https://acme.example/docs",
    "http://acme.example",
    "HTTPS://ACME.example/Docs?x=1#top",
    "https://acme.example:443/docs",
    "https://docs.acme.example:8443/segment",
    "https://my_shop.acme.com/docs",
    "https://i❤.ws/docs",
    "https://93.184.216.34/docs",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/docs",
    "https://localhost.acme.com/docs",
    "https://acme.example/docs?login=a:b@c",
]


@pytest.mark.parametrize(("url", "named"), REFUSED)
def test_an_address_that_no_reviewer_could_open_is_refused_at_once(url: str, named: str) -> None:
    for requirement, evidence in (
        (Requirement.PARTNERS_PAGE, {"url": url}),
        (Requirement.LAUNCH_ANNOUNCEMENT, {"url": "https://acme.example/blog", "shared_at": [url]}),
        (Requirement.TEST_ACCOUNT, {"kind": "none", "reason": "It is open.", "url": url}),
    ):
        (problem,) = problems_with(requirement, evidence, ())
        assert named in problem
        assert "pass@" not in problem


@pytest.mark.parametrize("url", ACCEPTED)
def test_an_address_that_everybody_can_open_is_accepted(url: str) -> None:
    assert problems_with(Requirement.PARTNERS_PAGE, {"url": url}, ()) == []


def test_an_installation_to_try_things_on_accepts_its_own_machine_and_no_other() -> None:
    for url in ("http://127.0.0.1:8000/docs", "http://localhost:80/docs", "http://[::1]:9/docs"):
        assert problems_with(Requirement.PARTNERS_PAGE, {"url": url}, (), loopback=True) == []
    assert problems_with(Requirement.PARTNERS_PAGE, {"url": "http://10.0.0.1"}, (), loopback=True)
