"""The page on retention names every table once, and says of those that are pruned how long they are kept."""

import re
from pathlib import Path

import models  # noqa: F401 (fills the metadata)
from models.base import Base
from workflow.operating import pruning
from workflow.operating.rejected_messages import MAX_KEPT, REJECTED_KEPT
from workflow.sandbox.storing import EVENTS_KEPT, RING

PAGE = (Path(__file__).parents[2] / "docs" / "retention.md").read_text()
ROWS = re.findall(r"^\| (`.*?) \| (.*?) \|", PAGE, re.MULTILINE)


def test_every_table_is_on_the_page_once() -> None:
    named = [table for first, _ in ROWS for table in re.findall(r"`(\w+)`", first)]
    assert sorted(named) == sorted(Base.metadata.tables)


def test_the_page_says_how_long_what_is_pruned_is_kept() -> None:
    said = {first.strip("`"): re.match(r"\d+", words) for first, words in ROWS}
    kept = {
        "idempotency_key": pruning.KEYS_KEPT,
        "job_tick": pruning.TICKS_KEPT,
        "apply_batch": pruning.BATCHES_KEPT,
        "resting_app": pruning.RESTS_KEPT,
        "rejected_message": REJECTED_KEPT,
        "used_host": pruning.USED_HOSTS_KEPT,
        "component_test_result": pruning.TEST_RESULTS_KEPT,
        "sandbox_event": EVENTS_KEPT,
        "review_draft": pruning.DRAFTS_KEPT,
        "api_token": pruning.SESSIONS_KEPT,
        "notification": pruning.DIGESTS_KEPT,
    }
    assert {table: int(found[0]) for table, found in said.items() if found} == {
        table: time.days for table, time in kept.items()
    }


def test_the_page_says_how_many_rejected_messages_are_kept() -> None:
    assert f"the newest {MAX_KEPT:,} at most" in PAGE


def test_the_page_says_how_many_events_of_a_stream_are_kept() -> None:
    assert f"the newest {RING:,} of each stream at most" in PAGE
