"""The key and the values of a Component's runs: their partner is reminded before they end, and keys can be rotated."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.journeys import People, now_of
from tests.workers.endpoints import KEY
from tests.workers.leased import deliver
from tests.workers.suites import Subscription, subscription
from workers.context import WorkerContext
from workflow.component_tests.reminding import REMINDED_BEFORE, remind_of_test_settings
from workflow.component_tests.run_settings import open_test_settings, reseal_test_settings
from workflow.operating.pruning import TEST_RESULTS_KEPT, pruning_steps
from workflow.operating.secret_keys import find_unreadable_secret


@pytest.fixture
def people(builders: People) -> People:
    """The people of a company that builds the App `acme`."""
    return builders


@pytest.fixture
def hook(context: WorkerContext, people: People) -> Subscription:
    return subscription(context, people, "https://acme.example/hook")


def _remind(hook: Subscription, later: timedelta) -> int:
    with hook.context.unit_of_work() as session:
        return remind_of_test_settings(session, now_of(session) + later, limit=10)


def test_a_partner_is_reminded_once_before_the_test_settings_end(hook: Subscription) -> None:
    life = timedelta(days=90)
    assert _remind(hook, life - REMINDED_BEFORE - timedelta(hours=1)) == 0
    assert _remind(hook, life - REMINDED_BEFORE + timedelta(hours=1)) == 1
    assert _remind(hook, life - timedelta(days=1)) == 0
    with hook.context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET due_at = now()"))
    (mail,) = [one for one in deliver(hook.context) if "test settings" in str(one["Subject"])]
    words = mail.get_body(("plain",))
    assert words is not None
    assert "Hook" in words.get_content()
    assert KEY not in words.get_content()


def test_settings_that_ended_long_ago_are_no_news(hook: Subscription) -> None:
    assert _remind(hook, timedelta(days=91)) == 1
    assert [one for one in deliver(hook.context) if "test settings" in str(one["Subject"])] == []


def test_test_settings_are_encrypted_with_another_key_and_unreadable_ones_are_named(hook: Subscription) -> None:
    new = Fernet(Fernet.generate_key())

    def rotate(sealed: str) -> str:
        return new.encrypt(hook.context.unseal(sealed).encode()).decode()

    with hook.context.unit_of_work() as session:
        assert reseal_test_settings(session, rotate, after=None) == (1, (), None)
    with hook.context.unit_of_work() as session:
        sealed = session.scalar(text("SELECT sealed FROM component_test_settings"))
        assert open_test_settings(str(sealed), lambda one: new.decrypt(one.encode()).decode()).key == KEY
        found = find_unreadable_secret(session, hook.context.unseal)
        assert found is not None
        assert "test settings" in found[0]
        assert reseal_test_settings(session, rotate, after=None) == (0, (hook.id,), None)


def test_results_are_pruned_and_the_run_keeps_what_it_found(hook: Subscription) -> None:
    run_id = hook.start()
    with hook.context.unit_of_work() as session:
        session.execute(
            text("""
                INSERT INTO component_test_result (test_id, position, code, colour, recorded_at)
                SELECT :id, n, 'delete', 'green', now() - n * interval '1 day' + interval '1 hour'
                  FROM generate_series(1, 400) n
            """),
            {"id": run_id},
        )
        now = now_of(session)
        for step in pruning_steps(now):
            step(session, 1_000)
        left = session.scalar(text("SELECT count(*) FROM component_test_result"))
    assert left == TEST_RESULTS_KEPT.days
    with Session(hook.context.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM component_test WHERE source = 'service'")) == 1
