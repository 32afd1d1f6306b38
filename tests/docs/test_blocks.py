"""The parser of guides notices when an answer is not as shown."""

from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import Answered, Mailed, Sent, blocks_of, difference, sections_of

GUIDE = """
Text.

```http
POST /v1/apps HTTP/1.1
Authorization: Bearer $PARTNER

{"slug": "acme"}
```

```http
HTTP/1.1 201 Created
ETag: "$TAG"

{"id": "$APP"}
```

```mail
To: paula@acme.example
Subject: Welcome

Your code: $CODE
```

```json
{"not": "an example"}
```
"""


def test_requests_answers_and_mails_are_read_in_order(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(GUIDE)
    sent, answered, mailed = blocks_of(guide)
    assert isinstance(sent, Sent)
    assert (sent.method, sent.path, sent.body) == ("POST", "/v1/apps", '{"slug": "acme"}')
    assert isinstance(answered, Answered)
    assert (answered.status, answered.headers, answered.body) == (201, {"ETag": '"$TAG"'}, {"id": "$APP"})
    assert isinstance(mailed, Mailed)
    assert mailed.lines == ("Your code: $CODE",)


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": "..."}, {"a": None}),
        ([{"a": 1}, "..."], [{"a": 1}, {"a": 2}]),
        ("$KNOWN-x", "one-x"),
        (["$NEW", "$NEW"], ["two", "two"]),
        (["$NEW", "$NEW"], [2, 2]),
    ],
)
def test_what_is_as_shown_passes(shown: Any, real: Any) -> None:
    assert difference(shown, real, {"KNOWN": "one"}) is None


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"b": 1}),
        ({"a": None}, {"a": ""}),
        ([1], [1, 2]),
        ([1, 2, "..."], [1]),
        ("$KNOWN-x", "two-x"),
        (["$NEW", "$NEW"], ["two", "three"]),
        ("text", 1),
        (["$NEW", "$NEW"], [2, 3]),
        ("$NEW", True),
    ],
)
def test_what_is_not_as_shown_is_named(shown: Any, real: Any) -> None:
    assert difference(shown, real, {"KNOWN": "one"})


def test_a_section_is_read_alone(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(GUIDE.replace("```mail", "## Later\n\n```mail"))
    assert sections_of(guide) == ["", "Later"]
    assert [type(block) for block in blocks_of(guide, "Later")] == [Mailed]
