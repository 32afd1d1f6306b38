"""Secrets that are shown once."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from models.lifecycle import Role
from runtime.secrets import KeyRing
from workflow.identity.secrets import (
    ACCESS_REQUEST,
    INVITATION,
    PREVIEW_LINK,
    REPEATED_WITHIN,
    TOKEN,
    WRITE_KEY,
    Envelope,
    SecretKind,
    hash_of,
    make_secret,
)


def _envelope() -> Envelope:
    keys = KeyRing([SecretStr(Fernet.generate_key().decode())])
    return Envelope(keys.seal, keys.unseal)


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        (ACCESS_REQUEST, ""),
        (INVITATION, ""),
        (PREVIEW_LINK, ""),
        (WRITE_KEY, "wk_"),
        (TOKEN[Role.PARTNER], "dc_partner_"),
        (TOKEN[Role.SERVICE], "dc_service_"),
    ],
)
def test_a_secret_has_256_random_bits_after_its_prefix_and_is_found_by_its_hash(kind: SecretKind, prefix: str) -> None:
    made, other = make_secret(kind), make_secret(kind)
    assert made.text.startswith(prefix)
    assert len(made.text) == len(prefix) + 43
    assert made.text != other.text
    assert made.hash == hash_of(made.text) != other.hash


def test_an_encrypted_secret_is_shown_again_for_minutes_and_never_without_the_key() -> None:
    envelope = _envelope()
    sealed = envelope.seal("secret")
    assert "secret" not in sealed
    assert envelope.reopen(sealed, timedelta(0)) == envelope.reopen(sealed, REPEATED_WITHIN) == "secret"
    assert envelope.reopen(sealed, REPEATED_WITHIN + timedelta(seconds=1)) is None
    assert envelope.reopen(None, timedelta(0)) is None
    assert _envelope().reopen(sealed, timedelta(0)) is None
