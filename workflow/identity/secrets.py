"""Generating and hashing secrets that are shown once: tokens, codes, keys and links.

A call that is repeated with its idempotency key within a short time is shown the same secret again.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from models.lifecycle import Role

REPEATED_WITHIN = timedelta(minutes=10)
"""How long a call that is repeated with its idempotency key returns the same secret again."""

Seal = Callable[[str], str]
"""Encrypts a secret so that it can be stored in the database until it is read again."""
Unseal = Callable[[str], str]
"""Decrypts a sealed secret. Raises ValueError if no key of the key ring decrypts it."""


@dataclass(frozen=True, slots=True)
class SecretKind:
    """What a secret is for. `prefix` comes before its random part, so that a leaked secret can be recognised."""

    prefix: str = ""


ACCESS_REQUEST = SecretKind()
INVITATION = SecretKind()
PREVIEW_LINK = SecretKind()
PROOF = SecretKind()
SESSION = SecretKind("dc_session_")
SIGN_IN_LINK = SecretKind()
WRITE_KEY = SecretKind("wk_")
TOKEN = {role: SecretKind(f"dc_{role}_") for role in Role}


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret: `text` is shown once, and only `hash` is stored."""

    text: str
    hash: bytes


def make_secret(kind: SecretKind) -> Secret:
    """Returns a new secret with 256 random bits."""
    text = f"{kind.prefix}{secrets.token_urlsafe(32)}"
    return Secret(text, hash_of(text))


def hash_of(text: str) -> bytes:
    """Returns the SHA-256 of a secret. Secrets have 256 random bits, so no slow password hash is needed."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Encrypts a secret for the time between a call and its repetition."""

    seal: Seal
    unseal: Unseal

    def reopen(self, sealed: str | None, age: timedelta) -> str | None:
        """Returns the secret that was sealed `age` ago; None after REPEATED_WITHIN, or if no key decrypts it."""
        if sealed is None or age > REPEATED_WITHIN:
            return None
        try:
            return self.unseal(sealed)
        except ValueError:
            return None
