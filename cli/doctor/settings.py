"""Whether the settings fit this installation, beyond what each of them forbids by itself."""

import os
from collections.abc import Mapping
from difflib import get_close_matches

from cli.doctor.check import Check
from cli.place import is_local
from runtime.settings import Settings, environment_name
from workflow.profile.loading import load_profile

COMMANDS_OWN = {"DEVCENTER_HOME", "DEVCENTER_TOKEN", "DEVCENTER_URL", "DEVCENTER_UP"}
"""Variables that commands read and that are no settings of processes."""
UNDELIVERABLE = (".localdomain", ".local", ".invalid", ".example", ".test", "localhost")


def check_settings(settings: Settings, environment: Mapping[str, str] = os.environ) -> Check:
    """Checks the settings together, and names variables that no setting has."""
    for found in (
        _unknown(environment),
        _loopback(settings),
        _public_url(settings),
        _operators(settings),
        _sender(settings),
        _tracking_url(settings),
        _heads(settings),
    ):
        if found is not None:
            return found
    return Check("settings", "valid")


def check_profile(settings: Settings) -> Check:
    """Checks the profile. Raises ProfileInvalid."""
    profile = load_profile(settings.profile)
    return Check("profile", f"{profile.platform.name}, by {settings.profile or 'default'}")


def _unknown(environment: Mapping[str, str]) -> Check | None:
    known = COMMANDS_OWN | {environment_name(name) for name in Settings.model_fields}
    for name in sorted(environment):
        if name.startswith("DEVCENTER_") and name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.8)
            remedy = f"Write {close[0]}, or unset it." if close else "Unset it; docs/settings.md has the settings."
            return Check("settings", f"{name} is no setting, and has no effect", remedy)
    return None


def _loopback(settings: Settings) -> Check | None:
    if not settings.allow_loopback_urls or is_local(settings.public_url):
        return None
    return Check(
        "settings",
        "partners' URLs may point to this machine",
        "Unset DEVCENTER_ALLOW_LOOPBACK_URLS: it is for the embedded demo only.",
    )


def _public_url(settings: Settings) -> Check | None:
    if settings.public_url.startswith("https://") or is_local(settings.public_url):
        return None
    return Check(
        "settings",
        f"{settings.public_url} is not encrypted: tokens and invitations travel readable",
        "Put a proxy with a certificate before the API, and begin DEVCENTER_PUBLIC_URL with https://.",
    )


def _tracking_url(settings: Settings) -> Check | None:
    url = settings.tracking_url
    if is_local(settings.public_url):
        return None
    if is_local(url):
        return Check(
            "settings",
            f"partners' streams are told to send their events to {url}, which only this machine reaches",
            "Let DEVCENTER_TRACKING_URL name the public address of `devcenter tracking`, with https://.",
        )
    if url.startswith("https://"):
        return None
    return Check(
        "settings",
        f"{url} is not encrypted: write keys and events travel readable",
        "Put a proxy with a certificate before `devcenter tracking`, and begin DEVCENTER_TRACKING_URL with https://.",
    )


def _operators(settings: Settings) -> Check | None:
    """Names a port that two listeners of an address would have: the one for operators is to be nobody else's."""
    taken: dict[tuple[str, int], str] = {}
    for host, name in (
        (settings.api_host, "api_port"),
        (settings.tracking_host, "tracking_port"),
        (settings.operators_host, "api_operators_port"),
        (settings.operators_host, "tracking_operators_port"),
    ):
        port = getattr(settings, name)
        known = taken.get((host, port))
        if port and known is not None:
            named = environment_name(name)
            return Check(
                "settings",
                f"{named} is also {environment_name(known)}: {port}",
                f"Give each a port of its own, with {named}.",
            )
        taken[host, port] = name
    return None


def _sender(settings: Settings) -> Check | None:
    domain = settings.mail_from.rpartition("@")[2].rstrip("> ").lower()
    if is_local(settings.public_url) or not domain.endswith(UNDELIVERABLE):
        return None
    return Check(
        "settings",
        f"mails are sent by {settings.mail_from}, whose domain cannot receive mail: most servers refuse them",
        "Set DEVCENTER_MAIL_FROM to an address of a domain of yours.",
    )


def _heads(settings: Settings) -> Check | None:
    file = settings.heads_file
    if file is None or os.access(file if file.exists() else file.parent, os.W_OK):
        return None
    return Check(
        "settings",
        f"{file} cannot be written, so that history heads would be lost",
        "Let DEVCENTER_HEADS_FILE name a file in a folder that this user may write to.",
    )
