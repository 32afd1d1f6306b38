"""Names that customers could take for those of others."""

# ruff: noqa: RUF001, E501 (letters that look alike are the point)

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.api.running import Service
from tests.factories import move
from tests.journeys import PROFILE, People, app_building, people_in
from workflow.catalog.namesakes import core_of, findings_on_name

ALIKE = {
    "Segment": ["segment", "SEGMENT", "Segment Official", "The Official Segment App", "Segment, Inc.", "Seg ment", "S-e-g-m-e-n-t",
                "Segment.io", "Ѕеgmеnt", "Ｓｅｇｍｅｎｔ", "𝐒egment", "Ségment", "Segment™", "Segrnent", "segment!", "Segment (verified)"],
    "Modem": ["Modern", "MODEM", "Modem App"],
    "Hello 10": ["Hello lO", "HeIIo 10", "hello-10"],
    "Café Zoé": ["Cafe Zoe", "CAFÉ ZOÉ", "Café-Zoé Ltd"],
    "Яндекс": ["яндекс", "Яндекс App"],
    "株式会社アクメ": ["株式会社アクメ official"],
    "The App": ["the app", "The Official App"],
}  # fmt: skip
DIFFERENT = [
    "Segment",
    "Segmentation",
    "Fragment",
    "Acme for Segment",
    "Customer.io",
    "Just",
    "Now",
    "App",
    "アクメ",
    "Pigment",
]


@pytest.mark.parametrize("name", ALIKE)
def test_names_that_look_or_read_alike_have_one_core(name: str) -> None:
    cores = {other: core_of(other) for other in ALIKE[name]}
    if name != "The App":
        assert {other: core for other, core in cores.items() if core != core_of(name)} == {}


def test_names_that_differ_have_different_cores() -> None:
    assert len({core_of(name) for name in DIFFERENT}) == len(DIFFERENT)
    assert all(core_of(name) for name in ("...", "!", "🚀", "Inc", "\u0301"))


def _named(engine: Engine, slug: str, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE app SET name = :name WHERE slug = :slug"), {"name": name, "slug": slug})


def test_a_name_like_the_platforms_or_a_listed_apps_of_another_company_is_a_finding(engine: Engine) -> None:
    acme, other = people_in(engine), people_in(engine, "Other")
    app_building(engine, acme, "listed")
    _named(engine, "listed", "AcmeInsights")
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(engine, acme, "listed", trigger)

    def found(people: People, name: str) -> list[str]:
        company = people.partner.organization_id
        assert company is not None
        with Session(engine) as session:
            return [finding.code for finding in findings_on_name(session, company, name, PROFILE)]

    for name in ("AcmeInsights", "Acme Insights", "ACME insights", "Acme Insights Official", "Асmе Insights, Inc.",
                 "Acme-Insights.io"):  # fmt: skip
        assert found(other, name) == ["name.of_other"], name
        assert found(acme, name) == []
    for name in ("Segment", "Segment Official", "Ѕеgment"):
        assert found(other, name) == ["name.of_platform"]
    for name in ("Acme", "Insights", "Acme Insights for Games", "Other Insights"):
        assert found(other, name) == []


def test_the_reviewer_sees_what_a_name_looks_like_and_the_partner_does_not(shared_service: Service) -> None:
    app_building(shared_service.engine, shared_service.people, "lookalike")
    _named(shared_service.engine, "lookalike", "Segment Official")
    move(shared_service.engine, shared_service.people, "lookalike", AppTrigger.SUBMIT)
    review = shared_service.reviewer("GET", "/v1/reviews?app=lookalike").json()["items"][0]["id"]
    findings = shared_service.reviewer("GET", f"/v1/reviews/{review}").json()["findings"]
    assert [(one["step"], one["code"]) for one in findings] == [("name", "name.of_platform")]
    for path in ("status", "checklist"):
        assert "name.of_platform" not in shared_service.partner("GET", f"/v1/apps/lookalike/{path}").text
