"""Whatever is asked for, and in whatever order, the outcomes, the facts and the stored rows are as they must be."""

import os

from sqlalchemy import Engine

from models.lifecycle import APP_EDGES, NEW
from tests.api.invariants import check_rows
from tests.workflow.lifecycle.walking import Walk

REQUESTS = int(os.environ.get("DEVCENTER_WALK_REQUESTS", "400"))
"""How long the walk is. A longer one, and another seed, can be asked for by hand."""
SEED = int(os.environ.get("DEVCENTER_WALK_SEED", "1"))


def test_outcomes_facts_and_rows_are_as_the_table_of_edges_says_on_any_walk(engine: Engine) -> None:
    walk = Walk(engine, SEED)
    walk.go(REQUESTS, checked_every=200, check=lambda _walk: check_rows(engine))
    edges = {(edge.source, edge.review, edge.trigger) for edge in APP_EDGES if edge.source != NEW}
    assert set(walk.moves) <= edges
    assert len(walk.moves) > len(edges) / 4, "the walk did not get about"
    print(f"{walk.requests} requests, {walk.refused} refused; not taken: {sorted(edges - set(walk.moves))}")
