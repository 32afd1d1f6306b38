"""The status of an App has words for whatever can happen to it."""

from models.lifecycle import AppTrigger
from workflow.building.status import HAPPENED


def test_every_trigger_has_words_in_the_history_of_an_app() -> None:
    assert set(HAPPENED) == set(AppTrigger)
