"""`devcenter secrets rotate`: encrypts stored secrets with the first key, so that older keys can be removed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from cli.place import unit_of_work
from models import App, Component
from runtime.secrets import KeyRing
from runtime.settings import Settings
from workflow.building.test_account import reseal_test_accounts
from workflow.component_tests.run_settings import reseal_test_settings
from workflow.identity.actors import COMMAND_LINE
from workflow.identity.audit_log import log_action


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many secrets were encrypted anew, and the slugs of the Apps whose secret no key decrypts."""

    renewed: int
    unreadable: tuple[str, ...]


def rotate_secrets(settings: Settings) -> Rotated:
    """Encrypts all test accounts and the test settings of all Components with the first key. Commits after each page.

    Safe to run again if interrupted.
    """
    accounts, settings_of_tests = _rotate_accounts(settings), _rotate_test_settings(settings)
    unreadable = dict.fromkeys((*accounts.unreadable, *settings_of_tests.unreadable))
    return Rotated(accounts.renewed + settings_of_tests.renewed, tuple(unreadable))


def _rotate_accounts(settings: Settings) -> Rotated:
    renewed, unreadable = 0, list[str]()
    after: UUID | None = None
    while True:
        with unit_of_work(settings.database_url) as session:
            page = reseal_test_accounts(session, KeyRing(settings.secret_keys).rotate, after=after)
            renewed += page.renewed
            unreadable += session.scalars(select(App.slug).where(App.id.in_(page.unreadable)).order_by(App.slug))
            counts = {"renewed": page.renewed, "unreadable": len(page.unreadable)}
            log_action(session, COMMAND_LINE, "secrets.rotate", "test_account", **counts)
        if page.last is None:
            return Rotated(renewed, tuple(unreadable))
        after = page.last


def _rotate_test_settings(settings: Settings) -> Rotated:
    renewed, unreadable = 0, list[str]()
    after: UUID | None = None
    while True:
        with unit_of_work(settings.database_url) as session:
            many, failed, after = reseal_test_settings(session, KeyRing(settings.secret_keys).rotate, after=after)
            renewed += many
            slugs = select(App.slug).join(Component, Component.app_id == App.id).where(Component.id.in_(failed))
            unreadable += session.scalars(slugs.distinct().order_by(App.slug))
            counts = {"renewed": many, "unreadable": len(failed)}
            log_action(session, COMMAND_LINE, "secrets.rotate", "test_settings", **counts)
        if after is None:
            return Rotated(renewed, tuple(unreadable))
