"""Whether the key ring decrypts what is stored: a foreign key shows itself before a partner meets it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.identity.secrets import Unseal

_SAMPLES = text("""
    (SELECT 'the test account of an App' AS what, evidence ->> 'password' AS sealed FROM checklist_item
      WHERE code = 'test_account' ORDER BY given_at DESC LIMIT 3)
    UNION ALL
    (SELECT 'the code of a mail that waits', data ->> 'sealed' FROM notification
      WHERE status = 'due' AND data ? 'sealed' ORDER BY id DESC LIMIT 3)
""")


def find_unreadable_secret(session: Session, unseal: Unseal) -> tuple[str, str] | None:
    """Returns what a stored secret is that no key decrypts, and the remedy; None if the newest few are readable."""
    for sample in session.execute(_SAMPLES):
        try:
            unseal(sample.sealed or "")
        except ValueError:
            return (
                f"No key of DEVCENTER_SECRET_KEYS decrypts {sample.what}",
                "Put the key that encrypted it into DEVCENTER_SECRET_KEYS, after the one that encrypts from now on.",
            )
    return None
