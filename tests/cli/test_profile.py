"""The profile at the command line: its page, its validation, and the refusal to start with an invalid one."""

import re
from pathlib import Path

import pytest

from cli.profile_page import profile_page
from tests.cli.command import devcenter, devcenter_anew
from tests.cli.test_mistakes import in_words, settings
from tests.profiles import NORTHWIND

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_about_the_profile_is_generated_from_the_typed_document() -> None:
    assert (DOCS / "profile.md").read_text() == profile_page(), "run: devcenter profile page > docs/profile.md"


@pytest.mark.parametrize("command", [["api"], ["worker"], ["scheduler"], ["up"], ["profile", "check"]])
def test_nothing_starts_with_a_wrong_profile_and_each_mistake_is_named(command: list[str], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(NORTHWIND.read_text().replace('name = "Northwind"\n', "").replace("[contact]", "[contacts]"))
    result = devcenter(*command, settings=settings(DEVCENTER_PROFILE="wrong.toml"), folder=tmp_path)
    in_words(result, str(wrong), "platform.name: is missing.", "Did you mean contact?", "docs/profile.md", exit_code=2)
    assert not (tmp_path / ".devcenter").exists()


def test_a_profile_that_is_printed_can_be_used(tmp_path: Path) -> None:
    shown = devcenter_anew("profile", "show", folder=tmp_path)
    (tmp_path / "own.toml").write_text(shown.stdout)
    checked = devcenter("profile", "check", "own.toml", folder=tmp_path)
    assert checked.stdout == "The profile of Segment is valid, with 6 guides.\n"


def test_the_doctor_says_whose_profile_is_in_use(tmp_path: Path) -> None:
    result = devcenter("doctor", settings=settings(DEVCENTER_PROFILE=str(NORTHWIND)), folder=tmp_path)
    assert re.search(rf"^ok      profile +Northwind, by {re.escape(str(NORTHWIND))}$", result.stdout, re.MULTILINE)
