"""What a name may be: of Apps, companies, people, Components and labels. One place, for every door.

A name is seen as it is: it has no character that cannot be seen, that reverses what follows it, or that looks like a
blank. Any script is welcome, with the marks and joiners that it is written with.
"""

import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from unicodedata import category, combining, normalize

from ada_url import idna_to_ascii
from publicsuffixlist import PublicSuffixList

MAX_NAME = 100
"""Characters of a name, after it was normalised."""
MAX_QUOTED = 60
"""Characters of a name that are shown in a mail."""
MAX_MARKS = 3
"""Marks of the kind that any letter can take, above and below one letter."""
MAX_SCRIPT_MARKS = 7
"""Marks of a script's own on one letter: stacks of Tibetan and Myanmar have up to six."""
MAX_DIGITS_OF_A_PERSON = 2
MAX_DIGITS_OF_A_COMPANY = 6

_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\ufffd\U00013441\U00013442\U00016fe4\U0001d159"
)
"""Characters that are blank, or stand for what is missing, though Unicode counts them as letters, marks or symbols."""
_GENERAL_MARKS = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
_JOINED = ((0x0600, 0x08FF), (0x0900, 0x0DFF), (0x1000, 0x109F), (0x1780, 0x18AF), (0xA840, 0xABFF), (0x10A00, 0x11FFF),
           (0x1E900, 0x1E95F), (0xFB50, 0xFEFC))  # fmt: skip
"""The scripts in which a joiner or non-joiner changes how letters are written: Arabic, Indic, Mongolian and others."""
_PICTURES = ((0x00A9, 0x00AE), (0x2030, 0x2BFF), (0x3030, 0x303D), (0x3297, 0x3299), (0x1F000, 0x1FAFF))
_IDEOGRAPHS = ((0x2E80, 0x2FFF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))
_MONGOLIAN = ((0x1800, 0x18AF),)
_NEWER = ((0x1F000, 0x1FAFF), (0x20000, 0x2FFFD), (0x30000, 0x3FFFD))
"""Where characters are assigned each year, so that what this Python does not know may be one: pictures, ideographs."""
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
"""The flag of a region, such as Scotland's: a black flag and a tag."""

_WEB = re.compile(r"[a-z][a-z0-9+.-]{0,20}://|\bwww\.|\bmailto:", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]@[^\s@]{1,255}\.[^\s@.]")
_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]++)++")
_NO_NAME_OF_A_PERSON = re.compile(r"[<>{}\[\]|\\^=#$%*;?@~]|:(?:\s|$)")
_RESERVED_SUFFIXES = frozenset({"example", "test", "invalid", "localhost", "onion", "local"})


def read_line(value: str) -> str:
    """Returns `value` as it is stored: NFC, with single blanks. Raises ValueError, which says what to write instead."""
    line = normalize("NFC", " ".join(_words(value))) if len(value) <= 4 * MAX_NAME else ""
    if not 1 <= len(line) <= MAX_NAME:
        raise ValueError(f"must have 1 to {MAX_NAME} characters that can be seen")
    _refuse_unseen(_FLAG.sub("\U0001f3f4", line))
    if not any(category(letter)[0] in "LNS" for letter in line):
        raise ValueError("must have a letter, a digit or a symbol")
    _refuse_stacks(line)
    return line


def read_name(value: str) -> str:
    """Returns the name of an App or a Component as it is stored. Raises ValueError, also for web and mail addresses."""
    name = read_line(value)
    read = _ascii_dots(name)
    if _WEB.search(read) or _MAIL.search(read):
        raise ValueError("must not contain a web address or a mail address; write the name alone")
    return name


def read_company_name(value: str) -> str:
    """Returns a company's name as it is stored. It may be called by a domain, as Booking.com is. Raises ValueError."""
    name = read_name(value)
    if sum(letter.isdigit() for letter in normalize("NFKC", name)) > MAX_DIGITS_OF_A_COMPANY:
        raise ValueError("must not contain a phone number; write the name alone")
    if re.search(r"\.[^\s./]+/", _ascii_dots(name)):
        raise ValueError("must not contain a web address; write the name alone")
    return name


def read_person_name(value: str) -> str:
    """Returns a person's name as it is stored: one without addresses, phone numbers and signs. Raises ValueError."""
    name = read_name(value)
    if _NO_NAME_OF_A_PERSON.search(name):
        raise ValueError("must be a person's name, without signs such as @, # or a colon")
    if sum(letter.isdigit() for letter in normalize("NFKC", name)) > MAX_DIGITS_OF_A_PERSON:
        raise ValueError("must be a person's name, without a number")
    if domains_in(name):
        raise ValueError("must be a person's name, without a web address")
    return name


def domains_in(name: str) -> list[str]:
    """Returns the domains that stand in a name, in lower case: what a mail program would make a link of."""
    found = _DOTTED.findall(_ascii_dots(name).lower())
    return [one for one in found if _is_domain(one)]


def foreign_domains(name: str, own: Iterable[str]) -> list[str]:
    """Returns the domains in a company's name that are none of `own`, such as its website's, in any of their forms."""
    known = [_in_ascii(domain) for domain in own]
    return [one for one in domains_in(name) if not any(f".{host}".endswith(f".{_in_ascii(one)}") for host in known)]


def quoted(name: str) -> str:
    """Returns a name as a mail shows it, so that nobody takes it for words of the mail: in quotes, and cut."""
    return f'"{one_line(name)}"'


def one_line(name: str) -> str:
    """Returns a name in one line of at most MAX_QUOTED characters, without quotes and without what cannot be seen.

    Works for names that were stored before they were checked.
    """
    seen = "".join(letter if category(letter)[0] not in "CZ" or letter in "\u200c\u200d" else " " for letter in name)
    line = " ".join(seen.replace('"', "'").split())
    return line if len(line) <= MAX_QUOTED else line[: MAX_QUOTED - 1].rstrip() + "…"


def _words(value: str) -> list[str]:
    """Returns the words between blanks of any width; a line break within is no blank."""
    spaced = "".join(" " if category(letter) == "Zs" else letter for letter in value.strip(" \t\r\n"))
    return spaced.split(" ") if spaced.strip(" ") == "" else [word for word in spaced.split(" ") if word]


def _refuse_unseen(line: str) -> None:
    for place, letter in enumerate(line):
        before, after = line[place - 1 : place] if place else "", line[place + 1 : place + 2]
        if letter in "\u200c\u200d":
            allowed = _may_join(letter, before, after)
        elif _is_selector(letter):
            allowed = _may_select(letter, before)
        else:
            allowed = _may_stand(letter)
        if not allowed:
            raise ValueError(
                f"must not contain U+{ord(letter):04X}, which cannot be seen or changes how the rest is read; "
                "type the name instead of pasting it"
            )


def _may_stand(letter: str) -> bool:
    kind = category(letter)
    if kind == "Cn":
        return _is_in(letter, _NEWER)
    return kind[0] != "C" and kind not in ("Zl", "Zp") and letter not in _UNSEEN


def _may_join(letter: str, before: str, after: str) -> bool:
    """A joiner stands between letters that it joins or parts, after a virama, or between the parts of a picture."""
    if not before:
        return False
    if letter == "\u200d" and after and _is_in(after, _PICTURES):
        return _is_in(before, _PICTURES) or before == "\ufe0f"
    return _is_in(before, _JOINED) and (combining(before) == 9 or (bool(after) and _is_in(after, _JOINED)))


def _is_selector(letter: str) -> bool:
    return (
        letter in "\u180b\u180c\u180d\u180e\u180f"
        or "\ufe00" <= letter <= "\ufe0f"
        or "\U000e0100" <= letter <= "\U000e01ef"
    )


def _may_select(letter: str, before: str) -> bool:
    """A selector of a variant stands after what has variants: a picture or a keycap, an ideograph, Mongolian."""
    if not before:
        return False
    if letter in "\ufe0e\ufe0f":
        return _is_in(before, _PICTURES) or before in "0123456789#*"
    return _is_in(before, _MONGOLIAN if "\u180b" <= letter <= "\u180f" else _IDEOGRAPHS)


def _refuse_stacks(line: str) -> None:
    """Refuses marks without a letter, and more marks on one letter than any way of writing needs."""
    for word in line.split(" "):
        if category(word[0])[0] == "M":
            raise ValueError("must not begin a word with a mark that belongs on a letter")
        for is_mark, letters in groupby(word, lambda letter: category(letter)[0] == "M" and not _is_selector(letter)):
            marks = list(letters) if is_mark else []
            if len(marks) > MAX_SCRIPT_MARKS or sum(_is_in(mark, _GENERAL_MARKS) for mark in marks) > MAX_MARKS:
                raise ValueError("must not stack so many marks on one letter")


def _is_in(letter: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(low <= ord(letter) <= high for low, high in ranges)


def _ascii_dots(name: str) -> str:
    """Returns the name with every character that programs read as the dot of a domain or the colon of a URL as that."""
    return normalize("NFKC", name).replace("\u3002", ".")


def _in_ascii(domain: str) -> str:
    """Returns a domain in the form in which it is looked up: `xn--bcher-kva.example` for `Bücher.example`."""
    return str(idna_to_ascii(domain.lower()).decode()) or domain.lower()


def _is_domain(dotted: str) -> bool:
    labels = dotted.split(".")
    if len(labels[-2]) < 2 or labels[-1].isdigit():
        return False
    return labels[-1] in _RESERVED_SUFFIXES or _suffixes().publicsuffix(dotted) is not None


@cache
def _suffixes() -> PublicSuffixList:
    """Returns the list of the names under which anybody can register a domain. An unknown last label is none."""
    return PublicSuffixList(accept_unknown=False)
