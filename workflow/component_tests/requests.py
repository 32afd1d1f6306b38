"""The request that carries a message to a subscription: exactly the documented headers, and curl for it. Pure."""

import base64
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

HIDDEN_KEY: Final = "Basic (the test key)"
MIN_SECRET_CHARACTERS: Final = 6
"""Shorter texts are no secrets, and stand in any answer."""
HIDDEN_SETTINGS: Final = "(base64 of the test settings' JSON)"
MAX_CURL_CHARACTERS: Final = 3_000
"""A longer curl line names a file for the body."""
_SAID_OTHERWISE: Final = frozenset({"Authorization", "Cache-Control", "Connection", "Content-Type"})
"""The headers that a curl line says by options of its own, or that change nothing about one call."""


@dataclass(frozen=True, slots=True)
class EnteredValues:
    """What a customer would have entered: the key, and the values of the other settings."""

    key: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """A request that can be sent. `shown_headers` are `headers` with placeholders for what is secret.

    `secrets` are what an answer must not show, longest first, each with what is shown instead.
    """

    url: str
    headers: Mapping[str, str]
    shown_headers: Mapping[str, str]
    body: bytes
    secrets: tuple[tuple[str, str], ...] = ()
    method: str = "POST"

    @property
    def text(self) -> str:
        """The body as it is shown."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def curl(self) -> str:
        """The command that sends the request again. The key and the settings are variables of the shell."""
        settings = next((name for name, shown in self.shown_headers.items() if shown == HIDDEN_SETTINGS), None)
        body = self.text if len(self.text) <= MAX_CURL_CHARACTERS else "@event.json"
        parts = [
            "curl -i -X",
            self.method,
            shlex.quote(self.url),
            '-u "$API_KEY:"',
            "-H 'Content-Type: application/json'",
        ]
        parts += [
            f"-H {shlex.quote(f'{name}: {shown}')}"
            for name, shown in self.shown_headers.items()
            if name not in _SAID_OTHERWISE and name != settings and (name, shown) != ("Accept", "*/*")
        ]
        if settings is not None:
            parts.append(f'-H "{settings}: $(printf %s "$SETTINGS" | base64 | tr -d \'\\n\')"')
        return " ".join([*parts, "--data-binary", shlex.quote(body)])

    def without_secrets(self, text: str) -> str:
        """Returns a text from the endpoint without the secrets of the request, in case it repeats them."""
        for secret, shown in self.secrets:
            text = text.replace(secret, shown)
        return text


def sent_again_by_curl(method: str, url: str, shown_headers: Mapping[str, str], body: str) -> str:
    """Returns the command that sends a request again, of which only what was shown is known."""
    return OutgoingRequest(url, {}, shown_headers, body.encode(), method=method).curl


def webhook_request(
    url: str,
    body: bytes,
    values: EnteredValues,
    settings_header: str,
    *,
    key: str | None = None,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> OutgoingRequest:
    """Returns the request of a webhook: `body` with the documented headers. `key` replaces that of `values`.

    `headers` are further ones, of which Accept may replace the documented one.
    """
    given = values.key if key is None else key
    basic = base64.b64encode(f"{given}:".encode()).decode()
    settings = base64.b64encode(json.dumps(values.settings, ensure_ascii=False).encode()).decode()
    further = dict(headers or {})
    sent = {
        "Accept": next((further.pop(name) for name in list(further) if name.lower() == "accept"), "*/*"),
        "Authorization": f"Basic {basic}",
        "Cache-Control": "no-cache",
        "Connection": "Keep-Alive",
        "Content-Type": "application/json",
        settings_header: settings,
    }
    sent = {name: value for name, value in further.items() if name.lower() != settings_header.lower()} | sent
    shown = {**sent, settings_header: HIDDEN_SETTINGS}
    shown["Authorization"] = HIDDEN_KEY if key is None else f"Basic {basic} (a wrong key)"
    return OutgoingRequest(url, sent, shown, body, _secrets_of(values, basic, settings), method)


def body_of(message: Mapping[str, Any]) -> bytes:
    """Returns a message as it is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _secrets_of(values: EnteredValues, basic: str, settings: str) -> tuple[tuple[str, str], ...]:
    """Returns each secret as it is, as JSON escapes it and percent-encoded, longest first, with what is shown."""
    texts = {name: value for name, value in values.settings.items() if isinstance(value, str)}
    found = {
        basic: "(the test key)",
        values.key: "(the test key)",
        settings: HIDDEN_SETTINGS,
        **{value: f"(the setting {name})" for name, value in texts.items()},
    }
    forms = {
        form: shown
        for secret, shown in found.items()
        if len(secret) >= MIN_SECRET_CHARACTERS
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))
    }
    return tuple(sorted(forms.items(), key=lambda one: len(one[0]), reverse=True))
