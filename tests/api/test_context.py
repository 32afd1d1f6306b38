"""Transactions of the API, and the bells that they ring."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from api.context import ApiContext
from api.main import create_api
from runtime.settings import load_settings
from tests.databases import TestDatabase
from workflow.work.bells import Bell, ring_after_commit


class _Ringer:
    """Records which bells ring, and whether the written row is visible by then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.rung: list[tuple[frozenset[Bell], int]] = []

    def __call__(self, *bells: Bell) -> None:
        with Session(self._engine) as session:
            services = session.execute(text("SELECT count(*) FROM service")).scalar_one()
        self.rung.append((frozenset(bells), services))


def _write(session: Session, *bells: Bell) -> None:
    session.execute(text("INSERT INTO service (id, name) VALUES (uuidv7(), 'rings')"))
    for bell in bells:
        ring_after_commit(session, bell)


def _context(database: TestDatabase, valkey_url: str, ringer: _Ringer) -> ApiContext:
    settings = load_settings(
        database_url=database.application_url,
        redis_url=valkey_url,
        history_key="x" * 32,
        secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
    )
    made: ApiContext = create_api(settings).state.context
    return replace(made, ring=ringer)


def test_requested_bells_ring_once_after_the_commit_and_no_others(
    database: TestDatabase, engine: Engine, valkey_url: str
) -> None:
    ringer = _Ringer(engine)
    context = _context(database, valkey_url, ringer)

    async def run() -> None:
        await context.transact(lambda session: _write(session, Bell.STEPS, Bell.NOTIFICATIONS, Bell.STEPS))
        await context.transact(lambda session: session.execute(text("SELECT 1")).scalar_one())
        await context.engine.dispose()

    asyncio.run(run())
    assert ringer.rung == [(frozenset({Bell.STEPS, Bell.NOTIFICATIONS}), 1)]


def test_a_rollback_rings_no_bell(database: TestDatabase, engine: Engine, valkey_url: str) -> None:
    ringer = _Ringer(engine)
    context = _context(database, valkey_url, ringer)

    def broken(session: Session) -> None:
        _write(session, Bell.CHECKS)
        raise LookupError

    async def run() -> None:
        with pytest.raises(LookupError):
            await context.transact(broken)
        await context.engine.dispose()

    asyncio.run(run())
    assert ringer.rung == []
