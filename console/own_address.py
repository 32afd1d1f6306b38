"""What the address of the pages, the setting PUBLIC_URL, means to browsers."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def why_no_cookie(public_url: str) -> str | None:
    """Returns why browsers would not take the cookie at this address, None if they take it."""
    parts = urlsplit(public_url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return None
    return (
        f"Browsers keep nobody signed in at {parts.scheme}://{parts.netloc}, because it is not encrypted and is not "
        "this machine."
    )


def is_loopback(host: str) -> bool:
    """Returns whether the name leads to this machine, for every browser."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
