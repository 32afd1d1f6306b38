"""What the pages list is what the code has: steps, directives, the kinds of work that can end dead, and the queues."""

import re
from pathlib import Path

from models.steps import STEPS
from workflow.mapping.reading import Reader
from workflow.mapping.requests import METHODS
from workflow.operating.dead_rows import DEAD_KINDS
from workflow.work.bells import QUEUES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def _codes_of_table(page: str, heads: str) -> list[str]:
    """Returns the codes in the first column of the table with the heads `heads`."""
    table = re.search(rf"^\| {re.escape(heads)} \|\n\|[-|]+\|\n((?:\|.*\n)+)", (DOCS / page).read_text(), re.MULTILINE)
    assert table is not None, f"docs/{page} has no table with the heads {heads}"
    return re.findall(r"^\| `(\w+)`", table[1], re.MULTILINE)


def test_partners_read_what_every_directive_of_a_mapping_makes() -> None:
    page = (DOCS / "partners.md").read_text()
    assert re.findall(r'^\| `\{"(@\w+)":', page, re.MULTILINE) == list(Reader.DIRECTIVES)
    assert all(f"`{method}`" in page for method in METHODS)


def test_partners_read_what_every_review_step_checks() -> None:
    assert _codes_of_table("partners.md", "step | what is checked") == list(STEPS)


def test_operators_read_what_ends_dead_of_every_kind_of_work() -> None:
    assert _codes_of_table("operations.md", "kind | attempts | what ends dead") == list(DEAD_KINDS)


def test_operators_read_what_every_queue_is_for() -> None:
    listed = re.search(r"The queues are (.+?)\. ", (DOCS / "operations.md").read_text(), re.DOTALL)
    assert listed is not None
    assert re.findall(r"`(\w+)`\s+\(", listed[1]) == list(QUEUES)
