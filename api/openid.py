"""Asking an OpenID provider who somebody is: the code flow with PKCE and nonce. Does not know what people may do."""

import time
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""The signatures that are accepted: those with a public key."""
TIMEOUT_SECONDS = 5.0
LEEWAY_SECONDS = 60
METADATA_SECONDS = 600.0
"""How long the provider's description of itself is used before it is read again."""


class ProviderError(Exception):
    """The provider did not answer, or what it said cannot be trusted. The text is for an operator."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An authentication that has begun: where the browser is sent, and what only this service knows of it."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is by the provider. `email` is None unless the provider has verified it."""

    issuer: str
    subject: str
    email: str | None


class OpenIdProvider:
    """A provider, by its issuer. Its methods use the network, and block for a few seconds at most."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._metadata: dict[str, Any] = {}
        self._read_at = 0.0

    def begin(self, max_age_s: int) -> Begun:
        """Returns an authentication of somebody who must not have signed in there longer ago than `max_age_s`.

        Raises ProviderError.
        """
        nonce, verifier = generate_token(32), generate_token(48)
        with self._client() as client:
            url, state = client.create_authorization_url(
                self._described()["authorization_endpoint"], nonce=nonce, code_verifier=verifier, max_age=max_age_s
            )
        return Begun(url, state, nonce, verifier)

    def finish(self, begun: Begun, code: str, max_age_s: int) -> Identity:
        """Returns who it is, for the code with which the browser came back. Raises ProviderError."""
        described = self._described()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    described["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                    timeout=TIMEOUT_SECONDS,
                )
            keys = KeySet.import_key_set({"keys": list(_json(described["jwks_uri"])["keys"])})
            decoded = jwt.decode(str(token["id_token"]), keys, algorithms=ALGORITHMS)
            claims = self._judged(decoded, begun.nonce, max_age_s)
        except (AuthlibBaseError, JoseError, requests.RequestException, KeyError, TypeError, ValueError) as error:
            raise ProviderError(f"{type(error).__name__}: {error}") from error
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(self._issuer, str(claims["sub"]), str(email) if email else None)

    def _judged(self, decoded: jwt.Token, nonce: str, max_age_s: int) -> CodeIDToken:
        """Returns the claims of an ID token that is for us, of this provider, for this authentication, and fresh."""
        options = {"iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True}}
        params = {"nonce": nonce, "client_id": self._client_id, "max_age": max_age_s}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(leeway=LEEWAY_SECONDS)
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if self._client_id not in audience:
            raise ValueError("the token is for another client")
        if claims["auth_time"] < time.time() - max_age_s - LEEWAY_SECONDS:
            raise ValueError("the person signed in there too long ago")
        return claims

    def _client(self) -> OAuth2Session:
        client = OAuth2Session(
            self._client_id,
            self._client_secret,
            scope="openid email",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )
        client.trust_env = False
        return client

    def _described(self) -> dict[str, Any]:
        """Returns what the provider says of itself. Raises ProviderError."""
        if not self._metadata or time.monotonic() - self._read_at > METADATA_SECONDS:
            try:
                found = _json(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if found["issuer"] != self._issuer:
                    raise ValueError(f"it calls itself {found['issuer']}")
                self._metadata = {name: str(found[name]) for name in _ENDPOINTS}
            except (requests.RequestException, KeyError, TypeError, ValueError) as error:
                raise ProviderError(f"{type(error).__name__}: {error}") from error
            self._read_at = time.monotonic()
        return self._metadata


_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def _json(url: str) -> dict[str, Any]:
    with requests.Session() as http:
        http.trust_env = False
        answer = http.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
