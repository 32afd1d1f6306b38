"""The pages that need no sign-in: the catalog, its entries, previews of drafts, and asking for access."""

import requests
from lxml import html

from models.lifecycle import AppTrigger
from tests.api.access import body_of, code_for
from tests.api.catalog import listed
from tests.api.running import Service
from tests.console.browsing import Page, opened
from tests.console.pages.preview import preview_page
from tests.console.signing_in import signed_in
from tests.factories import move
from tests.launch import CATALOG_TEXT

TEXT = """\
It draws **charts**. <script>alert(1)</script>

## How it works

[A page](https://acme.example/how), [not one](javascript:alert(1)), ![a picture](https://evil.example/p.png)
"""


def _found(service: Service, query: str) -> list[str]:
    page = opened(f"{service.url}/catalog{query}")
    assert page.answer.status_code == 200, page.words
    return [str(href).rpartition("/")[2] for href in page.tree.xpath("//ul[@class='entries']//h2/a/@href")]


def test_the_catalog_is_searched_narrowed_and_paged_and_says_what_it_does_not_find(shared_service: Service) -> None:
    listed(shared_service, "everyone-glow", "Glow", ["Video"], "Shows where people look, from your own events alone.")
    listed(
        shared_service, "everyone-mail", "Mailer", ["Email"], "Sends mails that glow to those who want to have them."
    )
    assert _found(shared_service, "?q=glow") == ["everyone-glow", "everyone-mail"]
    assert _found(shared_service, "?q=glow&category=Email&kind=stream&badge=public_beta") == ["everyone-mail"]
    assert _found(shared_service, "?q=&category=&kind=&badge=&q=glow") == ["everyone-glow", "everyone-mail"]
    nothing = opened(f"{shared_service.url}/catalog?q=glow&kind=plugin")
    assert "No App matches" in nothing.words
    assert nothing.tree.xpath("//main//a[@href='/catalog']")
    assert nothing.tree.xpath("string(//input[@id='q']/@value)") == "glow"
    assert opened(f"{shared_service.url}/catalog?category=Nothing").answer.status_code == 422


def test_an_entry_says_what_the_app_does_how_it_is_enabled_and_whom_to_ask(shared_service: Service) -> None:
    said = "Draws charts of what your customers do all day."
    listed(shared_service, "everyone-charts", "Charts", ["Video"], said, CATALOG_TEXT)
    page = opened(f"{shared_service.url}/catalog/everyone-charts")
    assert page.heading == "Charts"
    for words in ("Public beta", said, "sends its events into your workspace", "The documentation of Charts", "Help"):
        assert words in page.words
    assert page.tree.xpath("//main//div[@class='prose']/p")
    assert "acme.example" in page.words
    assert "help@acme.example" not in page.answer.text
    _pictures_are_served(shared_service, page, 2)


def _pictures_are_served(service: Service, page: Page, count: int) -> None:
    sources = page.tree.xpath("//main//img/@src")
    assert len(sources) == count
    for source in sources:
        picture = requests.get(service.url + source, timeout=20)
        assert (picture.status_code, picture.headers["Content-Type"].partition("/")[0]) == (200, "image")


def test_only_the_catalog_may_be_indexed_and_nobody_caches_who_is_signed_in(shared_service: Service) -> None:
    listed(shared_service, "everyone-seen", "Seen", ["Video"], "Is seen by programs that look for pages to index them.")

    def robots(path: str) -> str:
        return str(opened(shared_service.url + path).tree.xpath("string(//meta[@name='robots']/@content)"))

    assert [robots(path) for path in ("/catalog", "/catalog/everyone-seen")] == ["", ""]
    assert robots("/catalog?q=seen") == "noindex, follow"
    assert [robots(path) for path in ("/", "/sign-in", "/request-access", "/catalog/none")] == ["noindex"] * 4
    partner = signed_in(shared_service, shared_service.people.partner)
    for path in ("/catalog", "/catalog/everyone-seen"):
        assert opened(shared_service.url + path).answer.headers["Cache-Control"] == "public, max-age=10"
        assert partner.open(path).answer.headers["Cache-Control"] == "no-store"


def test_an_app_that_is_suspended_leaves_the_catalog_and_its_address_says_so_in_words(shared_service: Service) -> None:
    listed(shared_service, "everyone-gone", "Gone", ["Video"], "Will be suspended in a moment, and then is not here.")
    assert opened(f"{shared_service.url}/catalog/everyone-gone").answer.status_code == 200
    move(shared_service.engine, shared_service.people, "everyone-gone", AppTrigger.SUSPEND)
    for path in ("everyone-gone", "never-was", "Not%20a%20slug"):
        page = opened(f"{shared_service.url}/catalog/{path}")
        assert (page.answer.status_code, page.heading) == (404, "This App is not in the catalog")
        assert page.tree.xpath("//main//a[@href='/catalog']")


def test_a_preview_shows_the_draft_with_a_banner_until_its_link_is_revoked(shared_service: Service) -> None:
    url = preview_page(shared_service, "everyone-draft")
    page = opened(url)
    assert "This is a preview." in page.words
    assert page.answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    _pictures_are_served(shared_service, page, 2)
    checklist = "/v1/apps/everyone-draft/checklist"
    items = {item["code"]: item for item in shared_service.partner("GET", checklist).json()["items"]}
    evidence = items["catalog_details"]["evidence"] | {"text": TEXT}
    given = shared_service.partner("PUT", f"{checklist}/catalog_details", {"evidence": evidence})
    assert given.status_code == 200, given.text
    edited = opened(url)
    assert "<script>alert(1)</script>" in edited.words
    assert edited.tree.xpath("//main//h3[text()='How it works']")
    assert not edited.tree.xpath("//main//script | //main//a[starts-with(@href, 'javascript:')]")
    _pictures_are_served(shared_service, edited, 2)
    answer = shared_service.partner("GET", "/v1/apps/everyone-draft/previews").json()
    for link in answer["items"]:
        shared_service.partner("DELETE", f"/v1/apps/everyone-draft/previews/{link['id']}")
    ended = opened(url)
    assert (ended.answer.status_code, ended.heading) == (404, "This preview has ended")
    assert opened(f"{shared_service.url}/preview/short").heading == "This preview has ended"


def _filled(company: str, **changed: str) -> dict[str, str]:
    body = body_of(company)
    return {
        **{name: body[name] for name in ("company_name", "website", "contact_name", "contact_email")},
        "use_case": body["plan"]["use_case"],
        "component_kinds": "stream",
        **body["survey"],
        "partner_agreement": "yes",
        "privacy_policy": "yes",
        **changed,
    }


def test_access_is_asked_for_by_the_form_and_once_only_however_often_it_is_sent(shared_service: Service) -> None:
    form = opened(f"{shared_service.url}/request-access")
    done = form.press(None, **_filled("everyone-new"))
    assert (done.answer.status_code, done.heading) == (200, "Look at your mail")
    assert "pat@everyone-new.example" in done.words
    code = code_for(shared_service.engine, "pat@everyone-new.example")
    assert form.press(None, **_filled("everyone-new")).heading == "Look at your mail"
    assert code_for(shared_service.engine, "pat@everyone-new.example") == code
    assert opened(f"{shared_service.url}/proofs/{code}").press().heading == "Your address is confirmed"


def test_a_refused_request_for_access_keeps_all_words_and_says_what_is_wrong_beside_each_field(
    shared_service: Service,
) -> None:
    form = opened(f"{shared_service.url}/request-access")
    wrong = _filled(
        "everyone-wrong", contact_email="no address", use_case="", privacy_policy="", how_heard_of_us="A <b>friend</b>"
    )
    refused = form.press(None, **wrong)
    assert refused.answer.status_code == 422
    assert refused.tree.xpath("string(//title)").startswith("Error: ")
    assert _errors(refused) == {"contact_email", "use_case", "privacy_policy"}
    assert refused.tree.xpath("string(//*[@id='use_case-error'])") == "Say what you want to build"
    assert "contact_email" not in refused.words
    assert refused.tree.xpath("string(//textarea[@id='how_heard_of_us'])").strip() == "A <b>friend</b>"
    assert refused.tree.xpath("//input[@id='kind-stream']/@checked")
    assert refused.tree.xpath("//input[@id='partner_agreement']/@checked")
    assert not refused.tree.xpath("//input[@id='privacy_policy']/@checked")
    foreign = form.press(None, **_filled("everyone-wrong", company_name="evil.example"))
    assert _errors(foreign) == {"company_name"}
    assert "Name of the company must not name evil.example" in foreign.words
    nothing = form.press(None, **dict.fromkeys(_filled("x"), ""))
    assert len(_errors(nothing)) == 12
    for link in nothing.tree.xpath("//*[@role='alert']//a/@href"):
        assert nothing.tree.xpath("//*[@id=$id]", id=link.removeprefix("#"))


def _errors(page: Page) -> set[str]:
    return {str(link).removeprefix("#") for link in page.tree.xpath("//*[@role='alert']//a/@href")}


def test_a_stranger_is_led_to_the_catalog_to_signing_in_and_to_asking_for_access(shared_service: Service) -> None:
    main = html.document_fromstring(opened(shared_service.url + "/").answer.content).xpath("//main")[0]
    assert {"/catalog", "/request-access", "/sign-in"} <= set(main.xpath(".//a/@href"))
