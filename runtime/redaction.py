"""Strikes secrets and personal data out of text that is logged: libraries log messages with all that is in them."""

import re
from typing import Final

STRUCK: Final = "***"
MAX_CHARACTERS: Final = 20_000
"""How much of a text is logged."""

_MARKS = (
    "@",
    "?",
    "#",
    "://",
    "dc_",
    "wk_",
    "gaaaa",
    "pass",
    "pwd",
    "secret",
    "token",
    "bearer",
    "basic",
    "key",
    "auth",
    "cred",
)
"""What a text in lower case contains if something other than a random code is to be struck out of it."""
_LONG_WORD = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}")
_OWN_SECRET = re.compile(r"\b(dc_[a-z]+_|wk_|gAAAA)[A-Za-z0-9_=-]{8,}")
_RANDOM = re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-]))(?![0-9a-f-]+(?![A-Za-z0-9_-]))\S{43}")
"""A code or a secret of ours: 256 bits in base64. Hashes in hexadecimal digits are none."""
_AUTHORIZATION = re.compile(r"\b(bearer|basic)\s{1,5}[A-Za-z0-9._~+/=-]+", re.IGNORECASE)
_NAMED = re.compile(
    r"""
    \b([A-Za-z0-9_-]{0,40}?(?:password|passwd|pwd|secret|token|api[_-]?key|authorization|credentials)[A-Za-z0-9_-]{0,20}
    \\?["']?\ {0,3}[=:]\ {0,3})
    (?: \\?"[^"\\]*\\?" | \\?'[^'\\]*\\?' | [^\s"',;&)}\]]+ )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A value that is named as a secret: `password=x`, `"token": "x"`, `'secret': 'x'`."""
_WORD = re.compile(r"\S+")
_QUOTED_LOCAL_PART = re.compile(r"\"[^\"@]{0,64}\"@")
_LOCAL_PART = re.compile(r"""(?<![^\s@<>()\[\]{},;:="'])[^\s@<>()\[\]{},;:="']+@(?=[^\s@<>()\[\]{},;:="'])""")


def redact(text: str) -> str:
    """Returns the text without tokens, codes, passwords, mail addresses' local parts, and URLs' users and queries.

    Cuts it after MAX_CHARACTERS. It takes time in proportion to that.
    """
    text = text[:MAX_CHARACTERS]
    if not may_need_redaction(text):
        return text
    text = _RANDOM.sub(STRUCK, text)
    text = _OWN_SECRET.sub(rf"\1{STRUCK}", text)
    text = _AUTHORIZATION.sub(rf"\1 {STRUCK}", text)
    text = _NAMED.sub(rf"\1{STRUCK}", text)
    text = _QUOTED_LOCAL_PART.sub(f"{STRUCK}@", text)
    return _WORD.sub(_word, text)


def may_need_redaction(text: str) -> bool:
    """Returns whether `redact` might change the text. Costs far less."""
    folded = text.lower()
    return any(mark in folded for mark in _MARKS) or _LONG_WORD.search(text) is not None


def _word(found: re.Match[str]) -> str:
    before, scheme, rest = found[0].partition("://")
    if not scheme:
        word = _without_query(before, always="/" in before.partition("?")[0])
        return _LOCAL_PART.sub(f"{STRUCK}@", word) if "@" in word else word
    _user, at, host = rest.rpartition("@")
    rest = _without_query(f"{STRUCK}@{host}" if at else rest, always=True)
    return (_LOCAL_PART.sub(f"{STRUCK}@", before) if "@" in before else before) + scheme + rest


def _without_query(word: str, *, always: bool) -> str:
    """Returns a URL or a path without its query and fragment. Unless `always`, only what has a value counts as one."""
    at = min((at for mark in "?#" if (at := word.find(mark)) >= 0), default=-1)
    has_query = at >= 0 and (always or any(mark in word[at:] for mark in "=&%/"))
    return f"{word[:at]}?{STRUCK}" if has_query else word
