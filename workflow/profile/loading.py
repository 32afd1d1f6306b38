"""Reading a profile from its TOML file, with the texts of its guides. Used once a process, when it starts."""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from workflow.markdown import read_markdown
from workflow.profile.document import GuideFile, Profile, ProfileDocument, words_of
from workflow.profile.guides import BUILT_IN, Guide, fill_words, unknown_words

DEFAULT_FILE = Path(__file__).with_name("segment.toml")
GUIDES_FOLDER = Path(__file__).parents[2] / "docs" / "guides"
MAX_FILE_BYTES = 200_000


class ProfileInvalid(Exception):
    """The file is not a valid profile. `problems` has a line for each mistake, with its mend."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.file = file
        self.problems = problems


def load_profile(file: Path | None = None) -> Profile:
    """Returns the profile in `file`, or the default platform's. Raises ProfileInvalid, which names every mistake."""
    file = file or DEFAULT_FILE
    document = _parsed(file)
    problems: list[str] = []
    words = words_of(document)
    guides = tuple(_guides(document, file.parent, words, problems))
    if problems:
        raise ProfileInvalid(file, problems)
    return Profile.model_validate({**dict(document), "guides": guides})


def as_toml(value: object) -> str:
    """Returns a text or a list of texts as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parsed(file: Path) -> ProfileDocument:
    try:
        return ProfileDocument.model_validate(tomllib.loads(text_of(file)))
    except OSError as error:
        said = f"{file} cannot be read: {error.strerror}. Name a file that this user may read."
        raise ProfileInvalid(file, [said]) from None
    except UnicodeDecodeError:
        raise ProfileInvalid(file, [f"{file} is not UTF-8. Save it as UTF-8."]) from None
    except ValidationError as error:
        raise ProfileInvalid(file, list(_problems(error))) from None
    except (ValueError, RecursionError) as error:  # tomllib's own error, numbers too long for it, brackets too deep
        raise ProfileInvalid(file, [f"{file} is not TOML: {error}. Mend that place."]) from None


def text_of(file: Path) -> str:
    """Returns the text of a file, without a byte order mark.

    Raises OSError, also for what is no regular file or too large, and UnicodeDecodeError.
    """
    if file.exists() and not file.is_file():  # opening a pipe would wait for its other end
        raise OSError(0, "it is not a regular file")
    with file.open("rb") as opened:
        content = opened.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise OSError(0, f"it has more than {MAX_FILE_BYTES} bytes")
    return content.decode("utf-8-sig")


def _guides(document: ProfileDocument, folder: Path, words: Mapping[str, str], problems: list[str]) -> Iterator[Guide]:
    """Returns the built-in guides, or the profile's in their places, then the profile's others."""
    own = {guide.name: guide for guide in document.guides}
    for name, title, serves in BUILT_IN:
        if name in own:
            yield from _own_guide(own.pop(name), folder, words, problems)
        else:
            text = (GUIDES_FOLDER / f"{name}.md").read_text(encoding="utf-8")
            yield Guide(name, title, serves, fill_words(text, words))
    for guide in own.values():
        yield from _own_guide(guide, folder, words, problems)


def _own_guide(guide: GuideFile, folder: Path, words: Mapping[str, str], problems: list[str]) -> Iterator[Guide]:
    file = folder / guide.file
    try:
        text = text_of(file)
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        problems.append(f"guides.{guide.name}: {file} cannot be read: {said}. Write the guide there, or mend `file`.")
        return
    for unknown in unknown_words(text, words):
        known = ", ".join(words)
        problems.append(f"guides.{guide.name}: {{{{{unknown}}}}} is not known. Remove it, or write one of: {known}.")
    if guide.name.startswith("documentation-") and not read_markdown(text).titles:
        problems.append(
            f"guides.{guide.name}: it has no section, so it would ask nothing of a documentation. "
            "Begin each section that must be written with `## ` and its title."
        )
    yield Guide(guide.name, guide.title, guide.serves, fill_words(text, words))


def _problems(error: ValidationError) -> Iterator[str]:
    found = error.errors()
    for one in found:
        place = one["loc"]
        # A list is also called too short when its only entry is wrong; that entry's own mistakes say it.
        within = [other for other in found if len(other["loc"]) > len(place) and other["loc"][: len(place)] == place]
        if not (one["type"] == "too_short" and within):
            yield _problem(place, one["type"], one["msg"])


def _problem(location: tuple[int | str, ...], kind: str, message: str) -> str:
    """Returns one line: where the mistake is, what it is, and how to mend it."""
    where = ".".join(map(str, location)) or "profile"
    if kind == "extra_forbidden":
        return f"{where}: is not known. {_mend_unknown(location)}"
    said = _SAID.get(kind) or message.removeprefix("Value error, ")
    return f"{where}: {said}. {_mend(location)}"


_SAID = {
    "missing": "is missing",
    "too_short": "needs one entry at least",
    "string_type": "must be a text in quotes",
    "tuple_type": "must be a list in brackets",
    "model_type": "must be a table",
}
"""What is said of a mistake in place of the library's words, by its kind."""


def _mend(location: tuple[int | str, ...]) -> str:
    field = _field_at(location)
    if field is None or field.description is None:
        return "docs/profile.md says what belongs there; `devcenter profile show` prints a whole one."
    if not field.examples or isinstance(location[-1], int):
        return field.description
    return f"{field.description} For example: {location[-1]} = {as_toml(field.examples[0])}"


def _mend_unknown(location: tuple[int | str, ...]) -> str:
    parent = _model_at(location[:-1])
    known = list(parent.model_fields) if parent else []
    close = get_close_matches(str(location[-1]), known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Remove it. What is known here: {', '.join(known)}."


def _field_at(location: tuple[int | str, ...]) -> FieldInfo | None:
    """Returns the field in which the mistake is: an entry's own field is that of its list."""
    names = list(location)
    while names and isinstance(names[-1], int):
        names.pop()
    parent = _model_at(tuple(names[:-1])) if names else None
    return parent.model_fields.get(str(names[-1])) if parent else None


def _model_at(location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Returns the model that describes the part of the document at `location`."""
    model: type[BaseModel] | None = ProfileDocument
    for name in location:
        if isinstance(name, int):
            continue
        field = model.model_fields.get(name) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, UnionType) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    found = (_model_in(part) for part in get_args(annotation))
    return next((model for model in found if model), None)
