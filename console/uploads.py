"""Reading a form that uploads a file, as browsers send it (multipart/form-data, RFC 7578)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from starlette.requests import Request

MAX_PARTS: Final = 20
MAX_HEAD_BYTES: Final = 4 * 1024
ROOM_FOR_FIELDS: Final = 16 * 1024
"""How much larger than its file such a form may be."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form uploads: its fields, and the content of the files that were chosen, by name."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


async def upload_in(request: Request) -> Upload:
    """Returns what the request's form uploads, nothing for what is no such form."""
    return read_upload(request.headers.get("content-type", ""), await request.body())


def read_upload(content_type: str, body: bytes) -> Upload:
    """Returns what a form with this Content-Type uploads, nothing for what is no such form or breaks off. Pure."""
    kind = Message()
    kind["content-type"] = content_type
    boundary = kind.get_boundary() or ""
    if kind.get_content_type() != "multipart/form-data" or not 0 < len(boundary) <= 70 or not boundary.isascii():
        return Upload()
    preamble, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), MAX_PARTS + 1)
    if preamble or not parts or parts[-1].rstrip() != b"--":
        return Upload()
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not found or len(head) > MAX_HEAD_BYTES:
            return Upload()
        name, filename = _named_in(head)
        if filename is None:
            fields[name] = content.decode(errors="replace")
        elif filename or content:
            files[name] = content
    return Upload(fields, files)


def _named_in(head: bytes) -> tuple[str, str | None]:
    """Returns the name of a part's field, and that of its file, None for a part that is no file."""
    for line in head.decode(errors="replace").split("\r\n"):
        title, _, value = line.partition(":")
        if title.strip().lower() == "content-disposition":
            said = Message()
            said["content-disposition"] = value.strip()
            given = dict(said.get_params([], "content-disposition"))
            return str(given.get("name", "")), given.get("filename")
    return "", None
