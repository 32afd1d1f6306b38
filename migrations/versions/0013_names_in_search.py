"""Finds names in the catalog by their words as they are, by their beginnings and by what is within them.

Computes the columns of every entry anew, in one transaction: until it ends, transitions of listed Apps wait. What an
older release lists after it is found as before, until the App's next approval.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_UNICODE = "COLLATE pg_catalog.pg_unicode_fast"
_MARKS = (
    "\\u0300-\\u036f\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670"
    "\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u200c\\u200d\\u20d0-\\u20ff\\ufe00-\\ufe0f\\ufe20-\\ufe2f"
)
_PLAIN = {"æ": "ae", "œ": "oe", "þ": "th"}
_PLAIN_LETTERS = ("øđłħıðŧ", "odlhidt")
_UPPER, _LOWER, _DIGIT = r"[\:upper\:]", r"[\:lower\:]", r"[\:digit\:]"
_BETWEEN_WORDS = r"[[\:space\:][\:punct\:][\:cntrl\:]$+<=>^`|~©®™]+"
_UNSPACED = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u2e80-\\ud7ff\\uf900-\\ufaff"
_BEGINS, _WITHIN = "^", "~"
MIN_BEGINNING, MAX_BEGINNING = 2, 8
LETTERS_WITHIN = 3


def _words_of(name: str) -> str:
    plain = f"casefold(regexp_replace(normalize({name}, NFKD), '[{_MARKS}]', '', 'g') {_UNICODE})"
    for letter, written in _PLAIN.items():
        plain = f"replace({plain}, '{letter}', '{written}')"
    plain = f"normalize(translate({plain}, '{_PLAIN_LETTERS[0]}', '{_PLAIN_LETTERS[1]}'), NFC)"
    return f"array_remove(regexp_split_to_array({plain} {_UNICODE}, '{_BETWEEN_WORDS}'), '')"


def _parts_of(name: str) -> str:
    parted = f"regexp_replace(normalize({name}, NFC) {_UNICODE}, '([{_LOWER}{_DIGIT}])([{_UPPER}])', '\\1 \\2', 'g')"
    parted = f"regexp_replace({parted} {_UNICODE}, '([{_UPPER}])([{_UPPER}][{_LOWER}])', '\\1 \\2', 'g')"
    return _words_of(parted)


def _name_search_of(name: str) -> str:
    whole, parts = _words_of(name), _parts_of(name)
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


def _within_of(name: str) -> str:
    return f"""array_to_tsvector(ARRAY(
        SELECT DISTINCT '{_WITHIN}' || substr(word, place, letters)
          FROM unnest({_words_of(name)}) AS word, generate_series(1, length(word)) AS place,
               generate_series(1, {LETTERS_WITHIN}) AS letters
         WHERE place + letters <= length(word) + 1
           AND (letters = {LETTERS_WITHIN}) <> (substr(word, place, 1) ~ '[{_UNSPACED}]')
    ))"""


def upgrade() -> None:
    op.execute(f"""
        UPDATE catalog_entry c
           SET name_search = {_name_search_of("shown.name")}, search = c.search || {_within_of("shown.name")}
          FROM (SELECT s.id, coalesce(s.snapshot->'app'->>'name', a.name) AS name
                  FROM submission s JOIN app a ON a.id = s.app_id) shown
         WHERE shown.id = c.submission_id
    """)


def downgrade() -> None:
    """Leaves the columns as they are: older code finds by them what it found, and more words of names."""
