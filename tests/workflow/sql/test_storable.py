"""What Postgres can store."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from workflow.sql.storable import is_storable, made_storable, storable_json

BACKSLASH_U = r"the text \u0000, which is no NUL"


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "\x00\udfff\x00", "fine", BACKSLASH_U, ""])
def test_text_made_storable_is_stored(engine: Engine, value: str) -> None:
    made = made_storable(value)
    assert is_storable(made)
    assert is_storable(value) == (made == value)
    with Session(engine) as session:
        assert session.scalar(text("SELECT CAST(:value AS text)"), {"value": made}) == made


@pytest.mark.parametrize("value", ["a\x00b", r"\\" + "\x00", "\ud800", float("nan"), float("inf")])
def test_json_that_postgres_refuses_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        storable_json({"key": [value]})
    with pytest.raises(ValueError, match=r"."):
        storable_json({str(value) + "\x00": 1})


@pytest.mark.parametrize("value", [BACKSLASH_U, r"\\u0000", "\\", {"nested": [1, 1.5, None, "ü"]}])
def test_json_that_is_not_refused_is_stored_unchanged(engine: Engine, value: Any) -> None:
    with Session(engine) as session:
        stored = session.scalar(text("SELECT CAST(:value AS jsonb)"), {"value": storable_json(value).decode()})
    assert stored == json.loads(json.dumps(value))
