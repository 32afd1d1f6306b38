"""Decodes a page as browsers do: by its byte order mark, its header, or its own declaration, in that order."""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from typing import Final

import webencodings

from runtime.guarded_http.head import read_head

MAX_HEADER: Final = 1000
"""How much of a Content-Type header is read. The standard library's parser takes quadratic time."""
MAX_PRESCAN_BYTES: Final = 64 * 1024
"""How far a page's own declaration is searched. The standard says 1024 bytes at first, and later wherever one comes."""
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_XML: Final = re.compile(rb"<\?xml[^>]{0,400}?encoding[ \t\r\n]{0,20}=[ \t\r\n]{0,20}[\"']([A-Za-z0-9._:-]{1,60})")
# In a <meta> these cannot be true: the <meta> itself was read as ASCII.
_AS_DECLARED: Final = {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A page's text. `is_guessed`: nothing declares its charset, and it is not UTF-8."""

    text: str
    is_guessed: bool


def decode_page(body: bytes, content_type: str) -> DecodedText:
    """Returns the text of `body`; undecodable bytes become U+FFFD. Without a declaration, UTF-8, then windows-1252."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return DecodedText(body[len(mark) :].decode(name, errors="replace"), is_guessed=False)
    declared = _known([_charset_of(content_type)]) or _declared_in(body)
    if declared is not None:
        return DecodedText(declared.codec_info.decode(body, "replace")[0], is_guessed=False)
    try:
        return DecodedText(body.decode(), is_guessed=False)
    except UnicodeDecodeError:
        text = body.decode("utf-8", errors="replace")
    if _is_mostly_utf8(text):
        return DecodedText(text, is_guessed=False)
    return DecodedText(webencodings.lookup("windows-1252").codec_info.decode(body, "replace")[0], is_guessed=True)


def _is_mostly_utf8(text: str) -> bool:
    """Returns whether some bytes of a UTF-8 page are broken, rather than all of them being something else."""
    broken = text.count("\ufffd")
    return not text.isascii() and broken * 20 < len(re.sub(r"[\x00-\x7f]+", "", text))


def _charset_of(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type[:MAX_HEADER]
    try:
        return header.get_content_charset() or ""
    except (LookupError, ValueError):
        return ""


def _declared_in(body: bytes) -> webencodings.Encoding | None:
    start = body[:MAX_PRESCAN_BYTES]
    labels = [*read_head(start.decode("latin-1")).charsets]
    if found := _XML.match(start):
        labels.append(found[1].decode())
    declared = _known(labels)
    return _known([_AS_DECLARED[declared.name]]) if declared and declared.name in _AS_DECLARED else declared


def _known(labels: Iterable[str]) -> webencodings.Encoding | None:
    """Returns the encoding of the first label that the Encoding Standard knows and that can be read."""
    for label in labels:
        found = webencodings.lookup(label)
        if found is not None and found.name != "replacement":
            return found
    return None
