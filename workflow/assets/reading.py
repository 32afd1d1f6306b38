"""Examining a picture in another process: the question and the answer as bytes.

Whatever reads a picture may take more memory or time than its length suggests, or crash. It therefore runs where ending
it loses nothing: this module's `answer` is what a confined process runs, and `read_picture` what the caller uses.
"""

import json
from collections.abc import Awaitable, Callable

from workflow.assets.pictures import Picture, examine
from workflow.errors import Invalid, WorkflowError

TARGET = f"{__name__}:answer"
"""The function that a confined process runs."""

Confined = Callable[[bytes], Awaitable[bytes]]
"""Runs `answer` on its argument in a process of its own. Raises WorkflowError if it does not answer."""


async def read_picture(confined: Confined, kind: str, content: bytes) -> Picture:
    """Returns what is stored of an uploaded picture. Raises Invalid (`asset.invalid`), and what `confined` raises."""
    head, _, picture = (await confined(kind.encode() + b"\n" + content)).partition(b"\n")
    said = json.loads(head)
    if "problem" in said:
        raise Invalid(*said["problem"])
    likeness = said["likeness"] and bytes.fromhex(said["likeness"])
    return Picture(kind, picture, said["media_type"], said["width"], said["height"], likeness, said["evenness"])


def answer(asked: bytes) -> bytes:
    """Examines a picture, and returns the outcome as a line of JSON, followed by the bytes to store."""
    kind, _, content = asked.partition(b"\n")
    try:
        picture = examine(kind.decode(), content)
    except Invalid as invalid:
        return json.dumps({"problem": [invalid.code, invalid.detail, invalid.remedy]}).encode() + b"\n"
    said = {
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "likeness": picture.likeness and picture.likeness.hex(),
        "evenness": picture.evenness,
    }
    return json.dumps(said).encode() + b"\n" + picture.content


def busy() -> WorkflowError:
    """Returns the error for a picture that was not read, because too many others are."""
    detail = "Too many pictures are being read at this moment, and this one was not."
    return WorkflowError("asset.busy", detail, "Try it again in a few seconds.")


def too_costly() -> Invalid:
    """Returns the error for a picture that uses up the memory or the time of its process."""
    return Invalid(
        "asset.too_costly",
        "Reading this picture took more memory or time than a picture may need.",
        "Save it again with fewer pixels, or simplify its paths and flatten its effects, and use that.",
    )


def unreadable() -> Invalid:
    """Returns the error for a picture that a library fails to read."""
    remedy = "Open it in an editor, save it again, and use that."
    return Invalid("asset.invalid", "The picture cannot be read.", remedy)
