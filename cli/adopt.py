"""`devcenter adopt`: adopts the Apps of another system, which a file of JSON lines describes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cli.place import COMMAND_LINE, database_now, unit_of_work
from runtime.confined import BusyError, ConfinedPool, FailedError, Limits, TooCostlyError
from runtime.secrets import KeyRing
from runtime.settings import Settings
from workflow.assets.pictures import Picture
from workflow.assets.raster import MAX_BYTES
from workflow.assets.reading import TARGET, busy, read_picture, too_costly, unreadable
from workflow.building.adopting import adopt_one, check_against
from workflow.building.adoption_lines import AdoptedApp, Checked, LineRefused, read_lines
from workflow.errors import WorkflowError
from workflow.lifecycle.apply import WriteContext
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import load_policies
from workflow.profile.loading import load_profile

PICTURE_LIMITS = Limits(memory_bytes=1 << 30, cpu_s=10, wait_s=60, wall_s=40)


@dataclass(frozen=True, slots=True)
class Adoption:
    """The slugs that a run adopted, or may adopt, those that were adopted before, and the lines that are refused.

    If any is refused, nothing is adopted.
    """

    apps: tuple[str, ...]
    before: tuple[str, ...]
    refused: tuple[LineRefused, ...]


def check_file(settings: Settings, file: Path) -> Adoption:
    """Returns what would be adopted. Stores nothing."""
    checked = _checked(settings, file)
    return Adoption(tuple(app.slug for app in checked.apps), checked.adopted, checked.refused)


def adopt_file(settings: Settings, file: Path, progress: Callable[[str], None] = lambda _slug: None) -> Adoption:
    """Adopts the Apps of a file, unless any line is refused. Commits each App. Calls `progress` with each slug."""
    checked = _checked(settings, file)
    if checked.refused:
        return Adoption((), checked.adopted, checked.refused)
    seal = KeyRing(settings.secret_keys).seal
    engine = create_engine(settings.database_url, poolclass=NullPool)
    adopted: list[str] = []
    before = list(checked.adopted)
    rulebook, guides = AppRulebook(), load_profile(settings.profile).guides
    key = settings.history_key.get_secret_value().encode()
    try:
        with engine.connect() as connection:
            for app in checked.apps:
                pictures = asyncio.run(_read_pictures(file.parent, app)) if app.pictures else {}
                with Session(connection) as session, session.begin():
                    writer = WriteContext(key, rulebook, load_policies(session), lambda _point: None)
                    now = database_now(session)
                    made = adopt_one(session, app, pictures, COMMAND_LINE, now, writer, seal, guides)
                (before if made is None else adopted).append(app.slug)
                progress(app.slug)
    finally:
        engine.dispose()
    return Adoption(tuple(adopted), tuple(before), ())


def _checked(settings: Settings, file: Path) -> Checked:
    """Returns the Apps of a file, compared with the database and with the pictures beside the file. Stores nothing."""
    profile = load_profile(settings.profile)
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        read = read_lines(lines, profile)
    with unit_of_work(settings.database_url) as session:
        checked = check_against(session, read, profile.platform.reserved_slugs)
    refused = [*checked.refused, *_problems_with_pictures(file.parent, checked.apps)]
    return Checked(checked.apps, checked.adopted, tuple(sorted(refused, key=lambda one: one.line)))


def _problems_with_pictures(folder: Path, apps: Sequence[AdoptedApp]) -> list[LineRefused]:
    """Reads every picture once, in a process of its own, as an upload is read."""

    async def look() -> list[LineRefused]:
        refused = []
        for app in apps:
            try:
                await _read_pictures(folder, app)
            except WorkflowError as error:
                refused.append(LineRefused(app.line, f"{error.detail} {error.remedy}"))
        return refused

    return asyncio.run(look()) if any(app.pictures for app in apps) else []


async def _read_pictures(folder: Path, app: AdoptedApp) -> Mapping[tuple[str, str], Picture]:
    """Returns the pictures of an App by their kind and the name of their file. Raises WorkflowError."""
    pool = ConfinedPool(TARGET, PICTURE_LIMITS, at_once=2, waiting=16)

    async def confined(content: bytes) -> bytes:
        try:
            return await pool.run(content)
        except BusyError:
            raise busy() from None
        except TooCostlyError:
            raise too_costly() from None
        except FailedError:
            raise unreadable() from None

    read = {}
    for kind, name in app.pictures:
        try:
            read[kind, name] = await read_picture(confined, kind, _content(folder, name))
        except WorkflowError as error:
            raise WorkflowError(error.code, f"{name}: {error.detail}", error.remedy) from None
    return read


def _content(folder: Path, name: str) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise WorkflowError("asset.outside", "It is not beside the file.", "Put pictures into the folder of the file.")
    try:
        with path.open("rb") as picture:
            content = picture.read(MAX_BYTES + 1)
    except OSError as error:
        remedy = "Name a file that is there, from the folder of the file with the lines."
        raise WorkflowError("asset.unreadable", f"It cannot be read: {error.strerror}.", remedy) from None
    if len(content) > MAX_BYTES:
        raise WorkflowError("asset.too_large", f"It has more than {MAX_BYTES} bytes.", "Save it with fewer pixels.")
    return content
