"""Personal data: what happens to each text of the schema when a person is erased. A test holds the list complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ERASED_NAME: Final = "Erased person"
ERASED_DOMAIN: Final = "erased.invalid"
ERASED_ADDRESS: Final = f"somebody@{ERASED_DOMAIN}"
"""What stands for an address within a text."""

_ADDRESS = f"'erased-' || id || '@{ERASED_DOMAIN}'"


@dataclass(frozen=True, slots=True)
class Erased:
    """The rows of a table that are a person's, and what their columns are set to.

    `whose` is a condition over `:people`, the person's ids, and `:addresses`, all in lower case. Without `columns` the
    rows are deleted, with all their texts in `deleted`.
    """

    whose: str
    columns: Mapping[str, str]
    deleted: tuple[str, ...] = ()


ERASED: Final[Mapping[str, Erased]] = {
    "person": Erased(
        "id = ANY(:people)", {"name": f"'{ERASED_NAME}'", "email": _ADDRESS, "news_off": "'{}'", "time_zone": "NULL"}
    ),
    "access_request": Erased(
        "lower(contact_email) = ANY(:addresses)",
        {
            "contact_name": f"'{ERASED_NAME}'",
            "contact_email": _ADDRESS,
            "mail_domain": "NULL",
            "survey": "'{}'",
            "findings": "'[]'",
            "secret_hash": "NULL",
        },
    ),
    "access_contact": Erased(
        "lower(email) = ANY(:addresses)",
        {
            "name": f"'{ERASED_NAME}'",
            "email": _ADDRESS,
            "mail_domain": f"'{ERASED_DOMAIN}'",
            "plan": "''",
            "survey": "'{}'",
            "secret_hash": "sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea)",
        },
    ),
    "address_proof": Erased(
        "person_id = ANY(:people) OR lower(email) = ANY(:addresses)",
        {},
        ("email", "mailbox", "counted_by", "content"),
    ),
    "invitation": Erased(
        "accepted_by = ANY(:people) OR lower(email) = ANY(:addresses)",
        {
            "name": "''",
            "email": _ADDRESS,
            "revoked_at": "CASE WHEN accepted_at IS NULL THEN coalesce(revoked_at, now()) END",
        },
    ),
    "notification": Erased(
        "(recipient_id = ANY(:people) OR lower(recipient_email) = ANY(:addresses)) "
        "AND (data <> '{}' OR lane <> '-' OR status IN ('due', 'dead'))",
        {
            "recipient_email": f"CASE WHEN recipient_email IS NOT NULL THEN {_ADDRESS} END",
            "mailbox": "NULL",
            "data": "'{}'",
            "last_error": "NULL",
            "lane": "'-'",
            "status": "CASE WHEN status = 'done' THEN status ELSE 'void' END",
            "leased_until": "NULL",
        },
    ),
    "sandbox_event": Erased(
        "EXISTS (SELECT FROM unnest(CAST(:addresses AS text[])) a "
        "WHERE strpos(lower(body::text || findings::text), a) > 0)",
        {},
        ("event", "message_id", "body", "findings"),
    ),
    "person_identity": Erased("person_id = ANY(:people)", {}, ("issuer", "subject")),
    "review_draft": Erased("person_id = ANY(:people)", {}, ("text", "saved")),
    "api_token": Erased("person_id = ANY(:people) AND label <> 'erased'", {"label": "'erased'"}),
}
"""The rows that are a person's. Those of `notification` that are due are voided: nobody writes to an erased person.

Events in the sandbox are of strangers, whom nobody here can tell apart. All of them are deleted after a few days; those
in which an erased person's address stands are deleted with the person.
"""

REDACTED: Final[Mapping[str, tuple[str, ...]]] = {
    "notification": ("data", "last_error"),
    "idempotency_key": ("answer",),
    "rejected_message": ("body", "error"),
    "sandbox_declared": ("latest_findings",),
}
"""Columns of other rows in which the person's name and addresses are replaced wherever they stand."""

_CODE = "a code, a state or a kind"
_COMPANY = "says something of a company or of its App, and belongs to the company"
_RECORD = "was said or decided in a review; it is the record of it, and its author is an id"
_TRIED = "test data of a company: a made-up user, or what the partner wrote for a try-out, its key encrypted"
_WORK = "says how work went, and names no person"

KEPT: Final[Mapping[str, Mapping[str, str]]] = {
    "access_contact": {"component_kinds": _CODE, "agreements": _CODE},
    "access_request": {
        "company_name": _COMPANY,
        "website": _COMPANY,
        "domain": _COMPANY,
        "plan": _COMPANY,
        "component_kinds": _CODE,
        "agreements": _CODE,
        "state": _CODE,
        "decision_reason": _RECORD,
    },
    "address_proof": {"purpose": _CODE},
    "allowed_slug": {"slug": _COMPANY},
    "api_token": {
        "role": _CODE,
        "kind": _CODE,
        "scopes": _CODE,
        "hint": "the last characters of a secret that no longer works",
    },
    "app": {"slug": _COMPANY, "name": _COMPANY, "state": _CODE, "open_kind": _CODE, "touched": _CODE},
    "asset": {"kind": _CODE, "media_type": _CODE},
    "audit_entry": {
        "actor_role": _CODE,
        "action": _CODE,
        "target": "an id, a slug or a code",
        "detail": "ids, codes, and names of companies and Apps: never of people",
    },
    "catalog_entry": {
        "slug": _COMPANY,
        "badge": _CODE,
        "categories": _CODE,
        "kinds": _CODE,
        "name_search": _COMPANY,
        "search": _COMPANY,
    },
    "checklist_item": {"code": _CODE, "evidence": _COMPANY, "findings": _COMPANY, "lane": _COMPANY},
    "component": {"kind": _CODE, "subkind": _CODE, "name": _COMPANY, "settings": _COMPANY},
    "component_test": {
        "colour": _CODE,
        "source": _CODE,
        "scope": _CODE,
        "reporter": "a test rig of the platform",
        "subject": _COMPANY,
        "wanted": _TRIED,
        "results": _COMPANY,
        "status": _CODE,
        "last_error": _WORK,
        "lane": _COMPANY,
    },
    "component_test_result": {
        "code": _CODE,
        "event": _CODE,
        "method": _CODE,
        "url": _COMPANY,
        "headers": _CODE,
        "body": _TRIED,
        "answer": _TRIED,
        "message": _TRIED,
        "colour": _CODE,
        "findings": _COMPANY,
        "facts": _CODE,
    },
    "component_test_settings": {"sealed": "a key for tests, encrypted, which its partner replaces", "names": _CODE},
    "used_host": {"use": _CODE, "host": _COMPANY, "address": "an address of a company's server"},
    "customer": {"workspace": "a workspace of a customer, as a service names it"},
    "draft_check": {
        "code": _CODE,
        "app_name": _COMPANY,
        "evidence": _COMPANY,
        "components": _COMPANY,
        "seen": _COMPANY,
        "findings": _COMPANY,
        "state": _CODE,
        "status": _CODE,
        "last_error": _WORK,
        "lane": _COMPANY,
    },
    "failing_lane": {"table_name": _CODE, "lane": "a domain or a job", "last_error": _WORK},
    "history_segment": {"table_name": _CODE, "columns": _CODE, "keys": "primary keys"},
    "host_proof": {
        "host": _COMPANY,
        "challenge": "random, and published by the company",
        "findings": _COMPANY,
        "found_in": _CODE,
        "status": _CODE,
        "last_error": _WORK,
        "lane": _COMPANY,
    },
    "idempotency_key": {"key": "chosen by the caller's program, and pruned"},
    "internal_note": {"text": _RECORD},
    "invitation": {"role": _CODE},
    "job_tick": {"job": _CODE, "status": _CODE, "last_error": _WORK, "lane": _CODE},
    "membership": {"state": _CODE, "message": _COMPANY, "reason": _RECORD},
    "notification": {"kind": _CODE, "cause": "ids and codes", "channel": _CODE},
    "oauth_install": {"workspace": "a workspace of a customer, as a service names it"},
    "organization": {"name": _COMPANY, "website": _COMPANY, "domain": _COMPANY},
    "person": {"role": _CODE},
    "policy_version": {"document": "the platform's rules", "note": "the platform's words"},
    "planned_publication": {"outcome": _CODE, "before_state": _CODE, "before_open_kind": _CODE},
    "rejected_message": {"queue": _CODE, "idempotency_key": "chosen by the caller's program, and dropped"},
    "resting_app": {"last_error": _WORK},
    "review": {"kind": _CODE, "categories": _CODE, "outcome": _CODE},
    "review_message": {"side": _CODE, "text": _RECORD},
    "review_step": {
        "code": _CODE,
        "state": _CODE,
        "findings": _RECORD,
        "seen": _COMPANY,
        "reason": _RECORD,
        "status": _CODE,
        "last_error": _WORK,
        "lane": _COMPANY,
    },
    "sandbox_declared": {"event": _COMPANY},
    "sandbox_event": {"type": _CODE, "declared": _COMPANY},
    "saved_reason": {
        "code": _CODE,
        "text": "the platform's words",
        "where_to_fix": "the platform's words",
        "kinds": _CODE,
    },
    "sign_in_link": {"next_path": "a page of ours"},
    "service": {"name": "a program of the platform"},
    "submission": {"kind": _CODE, "snapshot": _COMPANY},
    "transition": {
        "from_state": _CODE,
        "trigger": _CODE,
        "to_state": _CODE,
        "from_open_kind": _CODE,
        "open_kind": _CODE,
        "actor_role": _CODE,
    },
    "transition_reason": {"reasons": f"{_RECORD}; the row can be deleted by itself, and the history still verifies"},
    "transition_request": {
        "trigger": _CODE,
        "expected_state": _CODE,
        "reasons": _RECORD,
        "source": _CODE,
        "role": _CODE,
        "idempotency_key": "chosen by the caller's program, and pruned",
        "status": _CODE,
        "last_error": _WORK,
        "unmet": _CODE,
        "observed": _CODE,
    },
    "unread_messages": {"side": _CODE},
    "website_check": {"url": _COMPANY, "findings": _COMPANY, "status": _CODE, "last_error": _WORK, "lane": _COMPANY},
}
"""Texts that stay as they are, each with the reason."""
