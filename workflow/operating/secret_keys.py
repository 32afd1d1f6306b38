"""Whether the key ring decrypts what is stored: a foreign key shows itself before a partner meets it."""

from sqlalchemy.orm import Session

from models.checklist import SECRET_FIELDS
from workflow.identity.secrets import Unseal
from workflow.sql.arrays import Texts, statement

_SAMPLES = statement(
    """
    (SELECT 'the test account of an App' AS what, secret.value AS sealed
       FROM (SELECT evidence FROM checklist_item WHERE code = 'test_account' ORDER BY given_at DESC LIMIT 3) item
       JOIN LATERAL jsonb_each_text(item.evidence) secret ON secret.key = ANY(:secrets))
    UNION ALL
    (SELECT 'the test settings of a Component', sealed FROM component_test_settings ORDER BY given_at DESC LIMIT 3)
    UNION ALL
    (SELECT 'what was entered for a try-out', wanted ->> 'sealed' FROM component_test
      WHERE status = 'due' AND wanted ? 'sealed' ORDER BY id DESC LIMIT 3)
    UNION ALL
    (SELECT 'the code of a mail that waits', data ->> 'sealed' FROM notification
      WHERE status = 'due' AND data ? 'sealed' ORDER BY id DESC LIMIT 3)
    """,
    secrets=Texts(),
)


def find_unreadable_secret(session: Session, unseal: Unseal) -> tuple[str, str] | None:
    """Returns what a stored secret is that no key decrypts, and the remedy; None if the newest few are readable."""
    for sample in session.execute(_SAMPLES, {"secrets": sorted(SECRET_FIELDS)}):
        try:
            unseal(sample.sealed or "")
        except ValueError:
            return (
                f"No key of DEVCENTER_SECRET_KEYS decrypts {sample.what}",
                "Put the key that encrypted it into DEVCENTER_SECRET_KEYS, after the one that encrypts from now on.",
            )
    return None
