"""Names that customers could take for those of others: of the platform, or of a listed App of another company.

What is found is for the reviewer, who sees the whole. It refuses nothing: two companies may well have one name.
"""

from collections.abc import Sequence
from unicodedata import combining, normalize
from uuid import UUID

from disarm import skeleton_key
from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.catalog.listing import PUBLISHED_OF
from workflow.catalog.words import wanted_by
from workflow.findings import Finding
from workflow.profile.document import Profile

MAX_COMPARED = 1_000
"""Listed names with the same words that are compared."""
MAX_NAMED = 5
"""Apps that a finding names."""

_SIGNS = dict.fromkeys(map(ord, "©®™℠"))
_APOSTROPHES = {ord("'"): None, 0x2019: None}
_ONE_STROKE = str.maketrans("01i", "oll")
"""I and l look alike as capital and small letter, so in a form without cases i, l and 1 have to be one."""
_SAYS_NOTHING = frozenset(
    {
        "a", "ag", "ai", "an", "app", "apps", "by", "bv", "certified", "cloud", "co", "com", "company", "connector",
        "corp", "corporation", "destination", "dev", "for", "genuine", "gmbh", "hq", "inc", "incorporated",
        "integration", "io", "limited", "llc", "ltd", "net", "new", "oficial", "official", "officially", "offiziell",
        "officiel", "org", "original", "partner", "plugin", "pro", "real", "sa", "sas", "source", "srl", "support",
        "team", "the", "verified",
    }
)  # fmt: skip
"""Words that make no name another one."""
_FILLING = frozenset(word.translate(_ONE_STROKE) for word in _SAYS_NOTHING)


def core_of(name: str) -> str:
    """Returns a form that is equal for names that look or read alike, by Unicode's confusables (UTS 39).

    Cases, accents, blanks and signs do not count, nor do words such as Official or Inc, unless there are no others.
    """
    core = "".join(_core_words(name)).replace("rn", "m").replace("vv", "w").translate(_ONE_STROKE)
    return core or name


def findings_on_name(session: Session, organization_id: UUID, name: str, profile: Profile) -> list[Finding]:
    """Returns the findings on the name of a company's App: that it looks like the platform's, or like a listed App's.

    It may look like those of the same company.
    """
    return _findings(session, name, organization_id, profile, "app.name")


def findings_on_company_name(
    session: Session, name: str, organization_id: UUID | None, profile: Profile
) -> list[Finding]:
    """Returns the findings on a company's name: that it looks like the platform's, or like a listed App of another."""
    return _findings(session, name, organization_id, profile, "company_name")


def _findings(session: Session, name: str, organization_id: UUID | None, profile: Profile, where: str) -> list[Finding]:
    core = core_of(name)
    findings = []
    if core in {core_of(one) for one in (profile.platform.name, *profile.brand.wrong_names)}:
        findings.append(
            Finding(
                "name.of_platform",
                f"“{name}” looks like the name of {profile.platform.name} itself.",
                "Look whether customers could take it for the platform's own, and ask for another name if so.",
                where,
            )
        )
    others = [slug for slug, other in _candidates(session, organization_id, name) if core_of(other) == core]
    if others:
        findings.append(
            Finding(
                "name.of_other",
                f"“{name}” looks like the name of an App of another company: {', '.join(others[:MAX_NAMED])}.",
                "Look whether customers could take one for the other, and ask for another name if so.",
                where,
            )
        )
    return findings


def _core_words(name: str) -> list[str]:
    key = normalize("NFKD", skeleton_key(normalize("NFKC", name.translate(_SIGNS)), digit_policy="tr39"))
    return _telling_words("".join(letter for letter in key if not combining(letter)))


def _telling_words(name: str) -> list[str]:
    words = "".join(letter if letter.isalnum() else " " for letter in name.translate(_APOSTROPHES)).split()
    return [word for word in words if word.translate(_ONE_STROKE) not in _FILLING] or words or [name]


def _candidates(session: Session, organization_id: UUID | None, name: str) -> Sequence[tuple[str, str]]:
    """Returns the slugs and names of listed Apps of other companies that have the telling words of `name` in theirs."""
    written = _telling_words(name.casefold())
    forms = {" ".join(words) for words in (written, _core_words(name), _core_words(name.casefold()))}
    forms |= {"".join(written), "".join(_core_words(name.casefold()))}
    query = wanted_by(session, " or ".join(f'"{form}"' for form in sorted(forms))).name
    if query is None:
        return []
    return [(row.slug, row.name) for row in session.execute(_LISTED, {"query": query, "owner": organization_id})]


_LISTED = text(f"""
    SELECT c.slug, s.snapshot->'app'->>'name' AS name
      FROM catalog_entry c {PUBLISHED_OF}
     WHERE c.name_search @@ CAST(:query AS tsquery)
       AND a.organization_id IS DISTINCT FROM CAST(:owner AS uuid)
     LIMIT {MAX_COMPARED}
""")
