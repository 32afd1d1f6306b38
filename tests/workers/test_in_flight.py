"""A batch that fails while its process survives: its marker is deleted, so its requests do not become suspects."""

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from models.base import new_id
from tests.databases import TestDatabase
from workers.judging.in_flight import InFlightBatches


def _announced(engine: Engine) -> int:
    with Session(engine) as session:
        return int(session.execute(text("SELECT count(*) FROM apply_batch")).scalar_one())


def test_the_marker_of_a_failed_batch_is_deleted(engine: Engine) -> None:
    in_flight = InFlightBatches(engine)
    with pytest.raises(ConnectionError), in_flight.batch() as mark:  # noqa: PT012 (the failure is inside)
        mark([new_id()])()
        assert _announced(engine) == 1
        raise ConnectionError("Postgres was restarted")
    assert _announced(engine) == 0


def test_the_marker_of_a_finished_batch_is_left_to_its_transaction(engine: Engine) -> None:
    with InFlightBatches(engine).batch() as mark:
        mark([new_id()])()
    assert _announced(engine) == 1


def test_a_marker_that_could_not_be_deleted_is_deleted_once_before_the_next_batch(
    database: TestDatabase, engine: Engine
) -> None:
    in_flight = InFlightBatches(engine)
    owner = create_engine(database.owner_url)
    with pytest.raises(ConnectionError), in_flight.batch() as mark:  # noqa: PT012 (the failure is inside)
        failed = mark([new_id()])()
        with owner.begin() as connection:
            connection.execute(text("REVOKE DELETE ON apply_batch FROM devcenter_app"))
        raise ConnectionError("Postgres was restarted")
    assert _announced(engine) == 1
    with owner.begin() as connection:
        connection.execute(text("GRANT DELETE ON apply_batch TO devcenter_app"))
    with in_flight.batch():
        assert _announced(engine) == 0
    with owner.begin() as connection:
        connection.execute(text("INSERT INTO apply_batch (id, request_ids) VALUES (:id, '{}')"), {"id": failed})
    owner.dispose()
    with in_flight.batch():
        assert _announced(engine) == 1, "a marker that was deleted once is not deleted again"
