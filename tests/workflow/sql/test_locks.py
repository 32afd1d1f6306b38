"""Advisory locks by name."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from workflow.sql.locks import LockSpace, lock_names

_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


def test_a_name_is_locked_in_its_own_space_until_the_transaction_ends(engine: Engine) -> None:
    with Session(engine) as holder, Session(engine) as other:
        lock_names(holder, LockSpace.ACCESS, "b.example", "a.example", "b.example")
        assert not other.scalar(_TRY, {"name": "access:a.example"})
        assert not other.scalar(_TRY, {"name": "access:b.example"})
        assert other.scalar(_TRY, {"name": "saved_reason:a.example"})
        holder.commit()
        assert other.scalar(_TRY, {"name": "access:a.example"})
