"""Reading a form that uploads a file, as browsers send it (multipart/form-data, RFC 7578)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

MAX_FILES: Final = 5
MAX_FIELDS: Final = 20
ROOM_FOR_FIELDS: Final = 16 * 1024
"""How much larger than its file such a form may be."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form uploads: its fields, and the content of the files that were chosen, by name."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


async def upload_in(request: Request) -> Upload:
    """Returns what the request's form uploads, nothing for what is no such form or breaks off."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        return Upload()
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=ROOM_FOR_FIELDS) as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    fields[name] = value
                elif value.filename or value.size:
                    files[name] = await value.read()
    except (HTTPException, MultiPartException):
        return Upload()
    return Upload(fields, files)
