"""The types of settings that a person writes: each refuses what cannot work, and says what would."""

import ipaddress
import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

MIN_KEY = 32
"""Characters of a key, at least."""
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


def _public_url(value: str) -> str:
    """Returns the URL without a slash at its end, so that a path can follow. Raises ValueError."""
    value = value.strip()
    try:
        parts = urlsplit(value)
        port_is_valid = parts.port != 0
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not port_is_valid:
        raise ValueError("must be a URL such as https://devcenter.example, with https:// before the name")
    if parts.username is not None or parts.query or parts.fragment or "?" in value or "#" in value:
        raise ValueError("must be scheme, name and perhaps a path: no user, no ? and no #")
    _host(parts.hostname or "")
    if any(character.isspace() for character in value):
        raise ValueError("must not hold spaces")
    return value.rstrip("/")


def _host(value: str) -> str:
    """Returns a host's name or address. Raises ValueError for what holds a scheme, a port or a path."""
    value = value.strip()
    try:
        return str(ipaddress.ip_address(value.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    if "://" in value or "/" in value:
        raise ValueError("must be a host's name or address alone, without a scheme or a path")
    if re.search(r":\d*$", value):
        raise ValueError("must be a host's name or address alone; the port is a setting of its own")
    name = value.removesuffix(".")
    if len(name) > 253 or not all(map(_NAME.fullmatch, name.split("."))):
        raise ValueError("must be a host's name, such as smtp.example.com, or an IP address")
    return value


def _mailbox(value: str) -> str:
    """Returns an address, or a name with an address in angle brackets. Raises ValueError."""
    value = value.strip()
    try:
        (one,) = getaddresses([value])
        name, address = one
        host = Address(name, addr_spec=address).domain
        _host(host)
    except (HeaderParseError, ValueError, IndexError):
        host = address = ""
    if not host or not value.isprintable():
        raise ValueError("must be a mail address, such as devcenter@example.com or Devcenter <devcenter@example.com>")
    if not address.isascii():
        raise ValueError("must be an address of ASCII letters: not every mail server takes others as a sender")
    return value


def _proxies(value: str) -> str:
    """Returns addresses and networks, comma-separated. Raises ValueError, which names the first that is neither."""
    parts = [part.strip() for part in value.split(",") if part.strip()]
    for part in parts:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            if part != "*":
                example = "10.0.0.5, 192.168.0.0/16"
                raise ValueError(f"{part!r} is neither an address nor a network; write for example {example}") from None
    return ",".join(parts)


def _issuer(value: str | None) -> str | None:
    """Returns the issuer as the provider names itself. Raises ValueError.

    It is reached by https, or by http if it is on this machine.
    """
    if value is None:
        return None
    value = value.strip()
    try:
        parts = urlsplit(value)
        port_is_valid = parts.port != 0
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not port_is_valid or not (parts.scheme == "https" or is_here):
        raise ValueError("must begin with https://: write it as the provider names itself")
    if parts.username is not None or "?" in value or "#" in value:
        raise ValueError("must be scheme, name and perhaps a path: no user, no ? and no #")
    _host(parts.hostname or "")
    if any(character.isspace() for character in value):
        raise ValueError("must not hold spaces")
    return value


def _redis_url(value: str) -> str:
    """Returns the URL. Raises ValueError, also for the name of a database, which clients take for the number 0."""
    import redis  # not before there is a URL: it is slow to import, and not every command has one

    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    try:
        redis.ConnectionPool.from_url(value)
        database = urlsplit(value).path.strip("/")
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    if not value.startswith("unix://") and database and not (database.isascii() and database.isdigit()):
        raise ValueError("must end with the number of a database, such as /0")
    return value


def _long_key(value: SecretStr) -> SecretStr:
    """Returns the key. Raises ValueError if it is too short to be secret."""
    if len(value.get_secret_value().strip()) < MIN_KEY:
        make = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        raise ValueError(f"must have {MIN_KEY} characters or more; make one with: {make}")
    return value


Issuer = Annotated[str | None, AfterValidator(_issuer)]
LongKey = Annotated[SecretStr, AfterValidator(_long_key)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Host = Annotated[str, AfterValidator(_host)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Proxies = Annotated[str, AfterValidator(_proxies)]
