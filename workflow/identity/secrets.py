"""Secrets that are shown once: tokens, codes, keys and links. Made and hashed here; a repeated call sees one again."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from models.lifecycle import Role

REPEATED_WITHIN = timedelta(minutes=10)
"""How long a call that is repeated with its idempotency key is given the same secret again."""

Seal = Callable[[str], str]
"""Encrypts a secret, so that it can wait in the database until it is read again."""
Unseal = Callable[[str], str]
"""Decrypts what was sealed; raises ValueError when no key of the ring opens it."""


@dataclass(frozen=True, slots=True)
class SecretKind:
    """What a secret is for. `prefix` comes before its random part, so that a leaked one is recognised."""

    prefix: str = ""


ACCESS_REQUEST = SecretKind()
INVITATION = SecretKind()
PREVIEW_LINK = SecretKind()
WRITE_KEY = SecretKind("wk_")
TOKEN = {role: SecretKind(f"dc_{role}_") for role in Role}


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret: `text` is shown once, `hash` is what is stored."""

    text: str
    hash: bytes


def make_secret(kind: SecretKind) -> Secret:
    """Returns a new secret with 256 random bits."""
    text = f"{kind.prefix}{secrets.token_urlsafe(32)}"
    return Secret(text, hash_of(text))


def hash_of(text: str) -> bytes:
    """Returns the SHA-256 by which a secret is known. It has 256 random bits, so it needs no slow hash."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Keeps a secret sealed between a call and its repetition."""

    seal: Seal
    unseal: Unseal

    def reopen(self, sealed: str | None, age: timedelta) -> str | None:
        """Returns the secret that was sealed `age` ago; None after REPEATED_WITHIN, or when no key opens it."""
        if sealed is None or age > REPEATED_WITHIN:
            return None
        try:
            return self.unseal(sealed)
        except ValueError:
            return None
