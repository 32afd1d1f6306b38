"""Looks for a company's challenge on a page of a host, and in a TXT record of its name."""

from typing import Final
from urllib.parse import urlsplit

from models.host_proof import ProofPlace
from workers.context import LooksUpTexts
from workers.pages import FetchesPages
from workers.visiting import Obstacle, visit
from workflow.access.host_proofs import page_of, record_of
from workflow.findings import Finding

MAX_LINES: Final = 100
"""The lines of a page, and the texts of a record, that are looked at."""


def look_for_challenge(
    host: str, challenge: str, http: FetchesPages, names: LooksUpTexts
) -> tuple[ProofPlace | None, tuple[Finding, ...]]:
    """Returns where the challenge was found; else None, and a finding for each of the two places.

    It takes as long as a look-up and a fetch may take, one after the other.
    """
    missing = _look_at_record(host, challenge, names)
    if missing is None:
        return ProofPlace.DNS, ()
    absent = _look_at_page(host, challenge, http)
    return (ProofPlace.PAGE, ()) if absent is None else (None, (absent, missing))


def _look_at_record(host: str, challenge: str, names: LooksUpTexts) -> Finding | None:
    """Returns why the challenge is not in the TXT record of the host; None if it is."""
    name = record_of(host)
    remedy = f"Publish a TXT record of {name} with the text {challenge}."
    try:
        texts = names.texts(name)
    except OSError as error:
        return Finding("dns.failed", f"The TXT records of {name} could not be looked up: {error}.", remedy)
    if challenge in [one.strip() for one in texts[:MAX_LINES]]:
        return None
    if not texts:
        return Finding("dns.missing", f"{name} has no TXT record.", remedy)
    return Finding("dns.other", f"{name} has TXT records, and none of them is the challenge.", remedy)


def _look_at_page(host: str, challenge: str, http: FetchesPages) -> Finding | None:
    """Returns why the host's page does not show the challenge; None if it does."""
    url = page_of(host)
    remedy = f"Serve {url} with status 200 and the text {challenge}."
    page = visit(url, http)
    if isinstance(page, Obstacle):
        return Finding(f"page.{page.code}", page.detail, remedy)
    elsewhere = next((one for one in (*page.redirects, page.url) if not _is_at(one, host)), None)
    if elsewhere is not None:
        detail = f"{url} leads to {elsewhere[:200]}: what another host serves proves nothing."
        return Finding("page.redirected", detail, remedy)
    if challenge in [line.strip() for line in page.text.splitlines()[:MAX_LINES]]:
        return None
    return Finding("page.other", f"{url} does not show the challenge on a line of its own.", remedy)


def _is_at(url: str, host: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and parts.hostname == host
