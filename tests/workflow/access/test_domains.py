"""What a domain says of a company: tables of real hosts and mailboxes, and hosts of any spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.access.domains import (
    company_domain,
    costed_domain,
    domain_of_website,
    fetch_lane,
    registrable_domain,
    website_as_browsers_read_it,
)
from workflow.access.shared_hosts import PAID_SUFFIXES, SHARED_HOSTS
from workflow.errors import Invalid
from workflow.notifications.mailboxes import mailbox_of

_SHARED = """
    https://github.com/acme https://gist.github.com/acme https://acme.github.io https://linktr.ee/acme
    https://medium.com/@acme https://acme.medium.com https://www.linkedin.com/company/acme https://acme.notion.site
    https://sites.google.com/view/acme https://acme.wixsite.com/home https://acme.netlify.app https://acme.vercel.app
    https://acme.substack.com https://acme.wordpress.com https://acme.blogspot.com https://acme.webflow.io
    https://acme.framer.website https://acme.herokuapp.com https://acme.pages.dev https://acme.workers.dev
    https://acme.myshopify.com https://x.com/acme https://www.facebook.com/acme https://apps.apple.com/app/acme
    https://play.google.com/store/apps/details?id=acme https://acme.carrd.co https://gmail.com https://mail.yahoo.com
    https://www.crunchbase.com/organization/acme https://acme.duckdns.org https://acme.eu.org https://bit.ly/acme
    https://docs.google.com/document/d/1 https://acme.ngrok-free.app https://acme.s3.amazonaws.com/index.html
    https://acme.azurewebsites.net https://acme.firebaseapp.com https://t.me/acme https://GITHUB.com./acme
"""
SHARED = _SHARED.split()
OWN = {
    "https://www.acme.com": "acme.com",
    "https://acme.co.uk/about": "acme.co.uk",
    "https://acme.uk.com": "acme.uk.com",
    "https://google.com": "google.com",
    "https://acme.com.de": "acme.com.de",
    "https://my_shop.acme.com": "acme.com",
    "https://notgithub.com": "notgithub.com",
    "https://github.com.acme.io": "acme.io",
    "https://ab--cd.com": "ab--cd.com",
    "https://i\u2764.ws": "xn--i-7iq.ws",
}


@pytest.mark.parametrize("website", SHARED)
def test_a_website_at_a_shared_host_names_no_company(website: str) -> None:
    assert domain_of_website(website)
    assert company_domain(website) is None


@pytest.mark.parametrize(("website", "domain"), OWN.items())
def test_a_website_at_its_own_domain_names_the_company(website: str, domain: str) -> None:
    assert company_domain(website) == domain


def test_every_shared_host_is_a_host_name_and_no_paid_suffix() -> None:
    assert {host for host in SHARED_HOSTS if company_domain(f"https://www.{host}") is not None} == set()
    assert not SHARED_HOSTS & PAID_SUFFIXES


def test_names_that_cost_nothing_share_a_lane_and_a_count() -> None:
    assert {fetch_lane(f"https://a{n}.x{n}.duckdns.org/") for n in range(9)} == {"duckdns.org"}
    assert costed_domain("www.acme.co.uk") == "acme.co.uk"
    assert costed_domain("www.acme.uk.com") == "acme.uk.com"
    assert fetch_lane("https://www.acme.com:8443/x") == "acme.com"


@given(st.text(max_size=80))
def test_any_text_is_a_website_that_reads_alike_twice_or_is_refused(text: str) -> None:
    try:
        website = website_as_browsers_read_it(text)
    except Invalid:
        return
    assert website.isascii()
    assert website_as_browsers_read_it(website) == website
    assert domain_of_website(website) == domain_of_website(text)


@given(
    st.from_regex(
        r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?){0,4}", fullmatch=True
    )
)
def test_a_registrable_domain_is_its_own(host: str) -> None:
    domain = registrable_domain(f"{host}.com")
    assert domain is None or registrable_domain(domain) == domain


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("Paula+1@gmail.com", "paula@gmail.com"),
        ("p.a.u.l.a@googlemail.com", "paula@gmail.com"),
        ("pat+x@acme.example", "pat@acme.example"),
        ("p.at@acme.example", "p.at@acme.example"),
        ("pat-x@acme.example", "pat-x@acme.example"),
        ("pat-x@yahoo.com", "pat@yahoo.com"),
        ("pat@me.com", "pat@icloud.com"),
        ("a.b@yandex.ru", "ab@yandex.ru"),
        ("ab@ya.ru", "ab@yandex.ru"),
        ("x@pat.fastmail.com", "pat@fastmail.com"),
        ("+x@acme.example", "+x@acme.example"),
        ("...@gmail.com", "...@gmail.com"),
    ],
)
def test_an_address_leads_to_one_mailbox(email: str, mailbox: str) -> None:
    assert mailbox_of(email) == mailbox
    assert mailbox_of(mailbox) == mailbox
