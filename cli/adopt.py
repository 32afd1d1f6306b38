"""`devcenter adopt`: adopts the Apps of another system, which a file of JSON lines describes."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from api.main import confined_pictures
from cli.mistakes import USAGE, Mistake
from cli.place import database_now, unit_of_work
from runtime.secrets import KeyRing
from runtime.settings import Settings
from workflow.assets.pictures import Picture
from workflow.assets.raster import MAX_BYTES
from workflow.assets.reading import read_picture
from workflow.building.adopting import adopt_one, check_against
from workflow.building.adoption_lines import AdoptedApp, Checked, LineRefused, read_lines
from workflow.errors import WorkflowError
from workflow.identity.actors import COMMAND_LINE
from workflow.lifecycle.apply import WriteContext
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import load_policies
from workflow.profile.document import Profile
from workflow.profile.loading import load_profile


@dataclass(frozen=True, slots=True)
class Adoption:
    """The slugs that a run adopted, or may adopt, those that were adopted before, and the lines that are refused.

    If any is refused, nothing is adopted.
    """

    apps: tuple[str, ...]
    before: tuple[str, ...]
    refused: tuple[LineRefused, ...]


def check_file(settings: Settings, file: Path) -> Adoption:
    """Returns what would be adopted. Stores nothing. Raises Mistake if the file cannot be read."""
    checked = _checked(settings.database_url, load_profile(settings.profile), file, _Pictures(file.parent))
    return Adoption(tuple(app.slug for app in checked.apps), checked.adopted, checked.refused)


def adopt_file(settings: Settings, file: Path, progress: Callable[[str], None] = lambda _slug: None) -> Adoption:
    """Adopts the Apps of a file, unless any line is refused. Commits each App. Calls `progress` with each slug.

    Raises Mistake if the file cannot be read.
    """
    profile, pictures = load_profile(settings.profile), _Pictures(file.parent)
    checked = _checked(settings.database_url, profile, file, pictures)
    if checked.refused:
        return Adoption((), checked.adopted, checked.refused)
    seal = KeyRing(settings.secret_keys).seal
    engine = create_engine(settings.database_url, poolclass=NullPool)
    adopted: list[str] = []
    before = list(checked.adopted)
    rulebook = AppRulebook()
    key = settings.history_key.get_secret_value().encode()
    try:
        with engine.connect() as connection:
            for app in checked.apps:
                shown = pictures.of(app)
                with Session(connection) as session, session.begin():
                    writer = WriteContext(key, rulebook, load_policies(session), lambda _point: None)
                    now = database_now(session)
                    made = adopt_one(session, app, shown, COMMAND_LINE, now, writer, seal, profile.guides)
                (before if made is None else adopted).append(app.slug)
                progress(app.slug)
    finally:
        engine.dispose()
    return Adoption(tuple(adopted), tuple(before), ())


class _Pictures:
    """The pictures in the folder of a file, each read in a process of its own, as an upload is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._confined = confined_pictures()

    def of(self, app: AdoptedApp) -> Mapping[tuple[str, str], Picture]:
        """Returns the pictures of an App by their kind and the name of their file. Raises WorkflowError."""
        return asyncio.run(self._read(app.pictures)) if app.pictures else {}

    async def _read(self, named: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Picture]:
        read = {}
        for kind, name in named:
            try:
                read[kind, name] = await read_picture(self._confined, kind, _content(self._folder, name))
            except WorkflowError as error:
                raise WorkflowError(error.code, f"{name}: {error.detail}", error.remedy) from None
        return read


def _checked(database_url: str, profile: Profile, file: Path, pictures: _Pictures) -> Checked:
    """Returns the Apps of a file, compared with the database and with the pictures beside the file. Stores nothing."""
    try:
        with file.open(encoding="utf-8", errors="surrogateescape") as lines:
            read = read_lines(lines, profile)
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}.", "Name a file that can be read.", USAGE) from None
    with unit_of_work(database_url) as session:
        checked = check_against(session, read, profile.platform.reserved_slugs)
    refused = [*checked.refused, *_problems_with_pictures(pictures, checked.apps)]
    return Checked(checked.apps, checked.adopted, tuple(sorted(refused, key=lambda one: one.line)))


def _problems_with_pictures(pictures: _Pictures, apps: Sequence[AdoptedApp]) -> list[LineRefused]:
    """Returns the lines with a picture that cannot be taken. Reads every picture once."""
    refused = []
    for app in apps:
        try:
            pictures.of(app)
        except WorkflowError as error:
            refused.append(LineRefused(app.line, f"{error.detail} {error.remedy}"))
    return refused


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
