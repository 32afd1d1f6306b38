"""Which mailbox an address leads to: the same for all spellings that a provider gives its users for nothing. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class _Provider:
    """How a provider reads the part before the @. `domains` lead to the same mailbox, that of the first of them."""

    domains: tuple[str, ...]
    ignored: str = ""
    tag: str = "+"
    by_subdomain: bool = False


_PROVIDERS: Final = (
    _Provider(("gmail.com", "googlemail.com"), ignored="."),
    _Provider(("icloud.com", "me.com", "mac.com")),
    _Provider(("proton.me", "protonmail.com", "protonmail.ch", "pm.me"), ignored=".-_"),
    _Provider(
        ("yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "yandex.com.tr", "ya.ru", "narod.ru"),
        ignored=".-",
    ),
    _Provider(("fastmail.com", "fastmail.fm"), by_subdomain=True),
    *(
        _Provider((domain,), tag="-")
        for domain in (
            *("yahoo.com", "ymail.com", "rocketmail.com", "myyahoo.com", "yahoo.co.uk", "yahoo.co.in", "yahoo.co.jp"),
            *("yahoo.ca", "yahoo.com.br", "yahoo.com.mx", "yahoo.com.au", "yahoo.de", "yahoo.es", "yahoo.fr"),
            *("yahoo.in", "yahoo.it", "aol.com"),
        )
    ),
)
_BY_DOMAIN: Final = {domain: provider for provider in _PROVIDERS for domain in provider.domains}
_BY_SUBDOMAIN: Final = tuple(domain for provider in _PROVIDERS if provider.by_subdomain for domain in provider.domains)


def mailbox_of(email: str) -> str:
    """Returns the address of the mailbox that `email` leads to, in lower case.

    Everywhere, what follows a `+` is taken for a tag. What a provider ignores besides, it has told its users:
    `pau.la+1@googlemail.com` is `paula@gmail.com`, and `shop@paula.fastmail.com` is `paula@fastmail.com`. For counting
    only: mail is sent to the address as it was given.
    """
    user, _, domain = email.lower().rpartition("@")
    for provided in _BY_SUBDOMAIN:
        if domain.endswith(f".{provided}"):
            user, domain = domain.removesuffix(f".{provided}").rpartition(".")[2], provided
    provider = _BY_DOMAIN.get(domain, _Provider((domain,)))
    bare = user.partition("+")[0].partition(provider.tag)[0].translate({ord(one): None for one in provider.ignored})
    return f"{bare or user}@{provider.domains[0]}"
