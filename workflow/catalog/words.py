"""The words by which names are found: how they are cut from a name, and the queries for what somebody looks for.

Names are no prose: an App may be called Just, which a language's configuration drops, or AcmeInsights, which it takes
for one word. So a name is found by its words as they are, without accents and cases, by their beginnings and by what
is within them, besides the language's configuration. Both sides are cut by the same SQL, so that they cannot differ.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from workflow.sql.arrays import Texts, statement

_UNICODE = "COLLATE pg_catalog.pg_unicode_fast"
_MARKS = (
    "\\u0300-\\u036f\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670"
    "\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u200c\\u200d\\u20d0-\\u20ff\\ufe00-\\ufe0f\\ufe20-\\ufe2f"
)
"""Accents, vowel points and joiners: people leave them out when they look for a name."""
_PLAIN = {"æ": "ae", "œ": "oe", "þ": "th"}
_PLAIN_LETTERS = ("øđłħıðŧ", "odlhidt")
_UPPER, _LOWER, _DIGIT = r"[\:upper\:]", r"[\:lower\:]", r"[\:digit\:]"
"""Classes of characters; the colons are escaped, because SQLAlchemy takes what follows one for a parameter."""
_BETWEEN_WORDS = r"[[\:space\:][\:punct\:][\:cntrl\:]$+<=>^`|~©®™]+"
_UNSPACED = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u2e80-\\ud7ff\\uf900-\\ufaff"
"""Scripts that write words without blanks between them, where a word of two letters, or of one, is a whole one."""
_BEGINS, _WITHIN = "^", "~"
"""Begin the lexemes for a word's beginnings and for what is within it, so that no word of a text is taken for one.

A prefix search (`word:*`) would need fewer, but the planner guesses that one matches so many rows that it reads the
whole catalog in order instead of an index.
"""
MIN_BEGINNING, MAX_BEGINNING = 2, 8
"""Letters of a word's beginning that are kept; what is typed beyond them must be within the word."""
LETTERS_WITHIN = 3
"""Letters of the pieces in which what is within a word is kept; one and two in scripts without blanks."""
MAX_TERMS = 30
"""Terms of a search that count."""


def words_of(name: str) -> str:
    """Returns SQL for the words of the SQL text `name`: without accents, in lower case, in order."""
    plain = f"casefold(regexp_replace(normalize({name}, NFKD), '[{_MARKS}]', '', 'g') {_UNICODE})"
    for letter, written in _PLAIN.items():
        plain = f"replace({plain}, '{letter}', '{written}')"
    plain = f"normalize(translate({plain}, '{_PLAIN_LETTERS[0]}', '{_PLAIN_LETTERS[1]}'), NFC)"
    return f"array_remove(regexp_split_to_array({plain} {_UNICODE}, '{_BETWEEN_WORDS}'), '')"


def words_with_parts_of(name: str) -> str:
    """Returns SQL for the words of a name, of which AcmeInsights has two."""
    parted = f"regexp_replace(normalize({name}, NFC) {_UNICODE}, '([{_LOWER}{_DIGIT}])([{_UPPER}])', '\\1 \\2', 'g')"
    parted = f"regexp_replace({parted} {_UNICODE}, '([{_UPPER}])([{_UPPER}][{_LOWER}])', '\\1 \\2', 'g')"
    return words_of(parted)


def name_search_of(name: str) -> str:
    """Returns SQL for what a name is found by at first: its words, whole, in parts and in one, and their beginnings."""
    whole, parts = words_of(name), words_with_parts_of(name)
    return f"""(
        SELECT coalesce(string_agg('''' || part || ''':' || place, ' '), '')::tsvector
          FROM unnest({parts}) WITH ORDINALITY AS parts (part, place)
    ) || array_to_tsvector(ARRAY(
        SELECT DISTINCT CASE letters WHEN 0 THEN word ELSE '{_BEGINS}' || left(word, letters) END
          FROM unnest({whole} || {parts} || array_to_string({whole}, '')) AS word,
               generate_series(0, {MAX_BEGINNING}) AS letters
         WHERE letters <= length(word) AND word <> ''
           AND (letters <> 1 OR word ~ '^[{_UNSPACED}]')
    )) || to_tsvector('english', {name})"""


def within_of(name: str) -> str:
    """Returns SQL for the lexemes by which a name is found by anything within a word of it: pieces of it."""
    return f"""array_to_tsvector(ARRAY(
        SELECT DISTINCT '{_WITHIN}' || substr(word, place, letters)
          FROM unnest({words_of(name)}) AS word, generate_series(1, length(word)) AS place,
               generate_series(1, {LETTERS_WITHIN}) AS letters
         WHERE place + letters <= length(word) + 1
           AND (letters = {LETTERS_WITHIN}) <> (substr(word, place, 1) ~ '[{_UNSPACED}]')
    ))"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as texts of tsqueries; None for what nothing can match.

    `name` and `beginning` are for `name_search`: all words are words of the name, or begin one. `anywhere` is for
    `search`. Nothing is wanted that `without`, for `search`, or `without_name`, for `name_search`, matches.
    """

    name: str | None
    beginning: str | None
    anywhere: str | None
    without: str | None
    without_name: str | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was looked for, and nothing left out."""
        return not any((self.name, self.beginning, self.anywhere, self.without, self.without_name))


def wanted_by(session: Session, looked_for: str) -> Wanted:
    """Returns the queries for what somebody typed: words, "phrases", `or` between alternatives, `-` before what not.

    Reads no table: Postgres cuts the words here as it does in names.
    """
    typed = _typed(looked_for)
    rows = session.execute(_CUT, {"terms": [one.text for one in typed]}).all() if typed else []
    terms = [_Term(one, tuple(row.words), row.language) for one, row in zip(typed, rows, strict=True)]
    groups: list[list[_Term]] = [[]]
    for term in terms:
        if term.typed.is_alternative:
            groups.append([])
        if not term.typed.is_unwanted and not term.is_void:
            groups[-1].append(term)
    groups = [group for group in groups if group]
    unwanted = [term for term in terms if term.typed.is_unwanted and not term.is_void]
    return Wanted(
        name=_either([_all([term.in_name for term in group]) for group in groups]),
        beginning=_either([_all([term.beginning for term in _telling(group)]) for group in groups]),
        anywhere=_either([_all([term.anywhere for term in _telling(group)]) for group in groups]),
        without=_either([term.language for term in unwanted]),
        without_name=_either([term.in_name for term in unwanted]),
    )


@dataclass(frozen=True, slots=True)
class _Typed:
    """A word or a phrase as it was typed. `is_alternative`: an `or` stands before it."""

    text: str
    is_phrase: bool
    is_unwanted: bool
    is_alternative: bool


_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")
_TYPED = re.compile(r'(-*)(?:"([^"]*)"?|([^\s"]+))')


def _typed(looked_for: str) -> list[_Typed]:
    """Returns the terms. An `or` parts two alternatives only between two terms: alone it is a name, as "And" is."""
    parts = [(minus, phrase, word) for minus, phrase, word in _TYPED.findall(looked_for) if (word or phrase).strip()]
    found: list[_Typed] = []
    is_alternative = False
    for place, (minus, phrase, word) in enumerate(parts):
        if word.lower() == "or" and not minus and found and place < len(parts) - 1:
            is_alternative = True
        elif len(found) < MAX_TERMS:
            found.append(_Typed(word or phrase, not word, bool(minus), is_alternative))
            is_alternative = False
    return found


_CUT = statement(
    f"""
    SELECT {words_of("term")} AS words, CAST(phraseto_tsquery('english', term) AS text) AS language
      FROM unnest(:terms) WITH ORDINALITY AS typed (term, place) ORDER BY place
    """,
    terms=Texts(),
)


@dataclass(frozen=True, slots=True)
class _Term:
    """A term with its words and the language's query for it, which is empty for a word like "now"."""

    typed: _Typed
    words: tuple[str, ...]
    language: str

    @property
    def is_void(self) -> bool:
        return not self.words and not self.language

    @property
    def in_name(self) -> str:
        """Matches names of which the words are words, also where they are written as one."""
        whole = [" <-> ".join(map(_lexeme, self.words)), _lexeme("".join(self.words))] if self.words else []
        found = _either([*whole, self.language]) or ""
        # Says the same again, so that the planner expects few rows of a word that it does not know.
        first = self.words[0] if self.words else ""
        return f"{_beginning(first[:LETTERS_WITHIN])} & ({found})" if len(first) >= LETTERS_WITHIN else found

    @property
    def beginning(self) -> str:
        """Matches names that have the words, the last one by its beginning."""
        *first, last = self.words or ("",)
        if self.typed.is_phrase or not (len(last) >= MIN_BEGINNING or _is_unspaced(last)):
            return self.in_name
        apart = " & ".join([*map(_lexeme, first), _beginning(last)])
        return _either([apart, _beginning("".join(self.words)), self.in_name]) or ""

    @property
    def anywhere(self) -> str:
        """Matches texts by the language, and names by what is within their words."""
        words = ["".join(self.words)] if self.typed.is_phrase else self.words
        return _either([_all([_within(word) for word in words]), self.language]) or ""


def _telling(group: list[_Term]) -> list[_Term]:
    """Returns the terms without those that the language drops, unless there are no others."""
    return [term for term in group if term.language] or group


def _beginning(word: str) -> str:
    """Matches names with a word that begins with `word`, as far as beginnings are kept."""
    lengths = {MIN_BEGINNING, len(word), MAX_BEGINNING}
    kept = sorted(length for length in lengths if length <= min(len(word), MAX_BEGINNING)) or [len(word)]
    return " & ".join(_lexeme(_BEGINS + word[:length]) for length in kept)


def _within(word: str) -> str:
    """Matches names with all pieces of `word` in a word, "" if it is too short."""
    pieces = [word] if len(word) == 1 and _is_unspaced(word) else []
    for place, letter in enumerate(word):
        piece = word[place : place + (LETTERS_WITHIN - 1 if _is_unspaced(letter) else LETTERS_WITHIN)]
        if len(piece) == (LETTERS_WITHIN - 1 if _is_unspaced(letter) else LETTERS_WITHIN):
            pieces.append(piece)
    return " & ".join(_lexeme(_WITHIN + piece) for piece in dict.fromkeys(pieces))


def _is_unspaced(word: str) -> bool:
    return _UNSPACED_LETTER.match(word) is not None


def _lexeme(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _all(queries: Sequence[str | None]) -> str | None:
    """Returns the query that all of `queries` match, None if one of them can match nothing."""
    return " & ".join(f"({query})" for query in queries) if queries and all(queries) else None


def _either(queries: Sequence[str | None]) -> str | None:
    """Returns the query that one of `queries` matches, without those that can match nothing."""
    distinct = list(dict.fromkeys(query for query in queries if query))
    return " | ".join(f"({query})" for query in distinct) if len(distinct) > 1 else (distinct[0] if distinct else None)
