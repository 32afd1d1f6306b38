"""Finding Apps by their names: whatever they are called, and however somebody writes it who looks for them."""

# ruff: noqa: RUF001, E501 (names in many scripts, a table)

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from benchmarks.filling import add_shown_apps, fill
from models.lifecycle import AppState
from tests.databases import TestDatabase
from workflow.catalog.listing import CatalogFilter, Listed, list_entries, list_in_catalog
from workflow.catalog.words import MAX_TERMS
from workflow.pages import PageRequest

NAMES = [
    "Customer.io", "Just", "Now", "AcmeInsights", "Café Zoé", "Über Größe", "株式会社アクメ", "Acme Insight", "HubSpot",
    "Hubspot Classic", "Smørrebrød Łódź", "HTTPServer", "23andMe", "A/B Smartly", "C++ Builder", "Segment", "Kundenanalyse",
    "Яндекс Метрика", "Йога", "Αθήνα", "İstanbul", "楽天市場", "카카오톡", "प्रिया डेटा", "ข้อมูลลูกค้า", "محمّد", "Levi's", "X",
    "The Trade Desk", "It's Me", "AT&T", "Snowflake", "Nowadays", "Encyclopædia", "ﬁnance", "Ｗｉｄｅ", "🚀 Rocket", "Who", "Do Not", "Or",
]  # fmt: skip
TEXTS = {"Segment": "Charts for the customers of a team, measured now and then."}


@pytest.fixture(scope="module")
def session(module_database: TestDatabase) -> Iterator[Session]:
    superuser = create_engine(module_database.superuser_url)
    fill(superuser, 1, 2, apps_a_company=1)
    add_shown_apps(superuser, 3, 2 + len(NAMES))
    with Session(superuser) as filling:
        filling.execute(text("SET session_replication_role = replica"))
        filling.execute(text("DELETE FROM catalog_entry"))
        filling.execute(text("UPDATE review SET outcome = 'approved', closed_at = now()"))
        ids = []
        for number, name in enumerate(NAMES, 3):
            app_id = filling.scalars(text("SELECT id FROM app WHERE slug = :slug"), {"slug": f"app-{number}"}).one()
            filling.execute(_SAY, {"id": app_id, "name": name, "text": TEXTS.get(name, "Nothing.")})
            ids.append(app_id)
        filling.commit()
        list_in_catalog(filling, [Listed(app_id, AppState.PUBLIC_BETA.value, 2) for app_id in ids], datetime.now(UTC))
        filling.commit()
    superuser.dispose()
    engine = create_engine(module_database.application_url)
    with Session(engine) as made:
        yield made
    engine.dispose()


_SAY = text("""
    UPDATE submission SET snapshot = jsonb_set(
               jsonb_set(snapshot, '{app,name}', to_jsonb(CAST(:name AS text))),
               '{evidence}', jsonb_build_object('app_info', jsonb_build_object('description', CAST(:text AS text))))
     WHERE app_id = :id
""")


def _found(session: Session, words: str) -> list[str]:
    page = list_entries(session, CatalogFilter(words=words), PageRequest(limit=50))
    return [entry.snapshot["app"]["name"] for entry in page.rows]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_by_itself_and_among_the_first(session: Session, name: str) -> None:
    assert name in _found(session, name)[:3]
    assert name in _found(session, name.upper())[:3]
    assert name in _found(session, f'"{name}"')[:3]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("customer", "Customer.io"),
        ("custom", "Customer.io"),
        ("customer io", "Customer.io"),
        ("customerio", "Customer.io"),
        ("just", "Just"),
        ("now", "Now"),
        ("acme", "AcmeInsights"),
        ("insights", "AcmeInsights"),
        ("acmeinsights", "AcmeInsights"),
        ("acme insights", "AcmeInsights"),
        ("acme insights", "Acme Insight"),
        ("acmeinsight", "Acme Insight"),
        ("cafe", "Café Zoé"),
        ("zoe", "Café Zoé"),
        ("cafe zoé", "Café Zoé"),
        ("uber", "Über Größe"),
        ("grosse", "Über Größe"),
        ("größe", "Über Größe"),
        ("アクメ", "株式会社アクメ"),
        ("株式会社", "株式会社アクメ"),
        ("会社", "株式会社アクメ"),
        ("市場", "楽天市場"),
        ("楽", "楽天市場"),
        ("톡", "카카오톡"),
        ("ลูกค้า", "ข้อมูลลูกค้า"),
        ("hub spot", "HubSpot"),
        ("hub-spot", "HubSpot"),
        ("hubspot", "HubSpot"),
        ("hubspot", "Hubspot Classic"),
        ("spot", "Hubspot Classic"),
        ("analyse", "Kundenanalyse"),
        ("smorrebrod", "Smørrebrød Łódź"),
        ("lodz", "Smørrebrød Łódź"),
        ("http", "HTTPServer"),
        ("server", "HTTPServer"),
        ("23", "23andMe"),
        ("andme", "23andMe"),
        ("a/b", "A/B Smartly"),
        ("c++", "C++ Builder"),
        ("метрика", "Яндекс Метрика"),
        ("иога", "Йога"),
        ("αθηνα", "Αθήνα"),
        ("istanbul", "İstanbul"),
        ("प्रिया", "प्रिया डेटा"),
        ("محمد", "محمّد"),
        ("levi’s", "Levi's"),
        ("levis", "Levi's"),
        ("trade", "The Trade Desk"),
        ("the trade", "The Trade Desk"),
        ("at&t", "AT&T"),
        ("encyclopaedia", "Encyclopædia"),
        ("finance", "ﬁnance"),
        ("wide", "Ｗｉｄｅ"),
        ("rocket", "🚀 Rocket"),
        ("segments", "Segment"),
        ("charts for the team", "Segment"),
        ("segment charts", "Segment"),
        ("nonsense or zoe", "Café Zoé"),
        ("zoe or", "Café Zoé"),
        ("or zoe", "Café Zoé"),
        ("zoe or or", "Or"),
    ],
)
def test_a_name_is_found_by_its_words_their_beginnings_and_what_is_within_them(
    session: Session, words: str, name: str
) -> None:
    assert name in _found(session, words)


def test_whole_words_come_before_beginnings_and_those_before_what_is_within(session: Session) -> None:
    assert _found(session, "now") == ["Now", "Nowadays", "Snowflake"]
    assert _found(session, "customer") == ["Customer.io", "Segment"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("hubspot -classic", "Hubspot Classic"),
        ("now -now", "Now"),
        ('"spot hub"', "HubSpot"),
        ("acme nonsense", "AcmeInsights"),
        ("a", "AcmeInsights"),
        ("ow", "Snowflake"),
        ("zebra", "Segment"),
    ],
)
def test_what_is_not_meant_is_not_found(session: Session, words: str, name: str) -> None:
    assert name not in _found(session, words)


def test_leaving_out_a_word_leaves_the_rest(session: Session) -> None:
    assert set(NAMES) - set(_found(session, "-hubspot")) == {"HubSpot", "Hubspot Classic"}


@pytest.mark.parametrize(
    "words",
    ["&|!(", "-", "-" * 33, "-" * 200, '"', '""', '"-"', "or", "or or", "- or -", "'", "\\", "'; DROP TABLE app; --", ":*",
     "a:*b", "<->", "x" * 200, " ".join("abcdefghijklmnopqrstuvwxyz" * 4), "-a " * 66, '"a ' * 60, "\u0301" * 200, "%", "~",
     "a" + "\u200d" * 199, "(" * 200, "or " * 66 + "a"],
)  # fmt: skip
def test_any_words_have_an_answer(session: Session, words: str) -> None:
    assert isinstance(_found(session, words), list)


def test_terms_beyond_a_bound_do_not_count(session: Session) -> None:
    assert _found(session, " ".join(["zoe"] * MAX_TERMS + ["nonsense"])) == ["Café Zoé"]


def test_pages_follow_one_another_across_the_tiers(session: Session) -> None:
    found: list[str] = []
    after = None
    for _ in range(3):
        page = list_entries(session, CatalogFilter(words="now"), PageRequest(after=after, limit=1))
        found += [entry.snapshot["app"]["name"] for entry in page.rows]
        after = page.next
    assert found == ["Now", "Nowadays", "Snowflake"]
    assert after is None
