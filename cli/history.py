"""`devcenter history verify`: checks that the history is as it was written."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from cli.mistakes import USAGE, Mistake
from cli.place import unit_of_work
from runtime.settings import Settings
from workflow.history.finding import Finding
from workflow.history.seals import SealHead
from workflow.history.verification import Head, verify_history


def findings(settings: Settings, heads_file: Path | None) -> Iterator[Finding]:
    """Returns everything that is wrong with the log. If a file of exported heads is given, compares with them too."""
    exported = tuple(read_heads(heads_file)) if heads_file else ()
    heads = [head for head in exported if isinstance(head, Head)]
    seals = [head for head in exported if isinstance(head, SealHead)]
    with unit_of_work(settings.database_url) as session:
        yield from verify_history(session, settings.history_key.get_secret_value().encode(), heads, seals)


def read_heads(file: Path) -> Iterator[Head | SealHead]:
    """Returns the heads of an export, which has one on each line. Raises Mistake, naming a line that is invalid."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}.", "Name the file of exported heads.", USAGE) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            head = json.loads(line)
            if "table" in head:
                yield SealHead(str(head["table"]), int(head["number"]), bytes.fromhex(head["seal"]))
            else:
                yield Head(UUID(head["app_id"]), int(head["version"]), bytes.fromhex(head["hash"]))
        except (ValueError, KeyError, TypeError):
            raise Mistake(
                f"Line {number} of {file} is not an exported head.",
                "Each line must be a JSON object with app_id, version and hash, or with table, number and seal. "
                "Delete an incomplete last line.",
                USAGE,
            ) from None
