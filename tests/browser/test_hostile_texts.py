"""Whatever anybody wrote runs no script and asks nobody for anything, in a real browser."""

from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Request

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.hostile import TEXTS, Poison, one_of, prepared


def test_no_text_runs_a_script_or_asks_another_site(prepared_service: Service, opened: Opened) -> None:
    addresses = prepared(prepared_service)
    poison = Poison(prepared_service.database)
    turned = [" ".join((*TEXTS[at:], *TEXTS[:at])) for at in range(len(TEXTS))]
    poison.write(lambda name: one_of(turned, name))
    poison.close()
    page = opened.page
    foreign: list[str] = []
    dialogs: list[str] = []

    def hear(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(prepared_service.url).netloc:
            foreign.append(request.url)

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("request", hear)
    page.on("dialog", dismiss)
    for role in dict.fromkeys(role for role, _ in addresses):
        if role is not None:
            opened.sign_in(prepared_service, role)
        for address in (address for whose, address in addresses if whose == role):
            page.goto(address)
            page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.evaluate("() => window.hacked") is None, address
            assert urlsplit(page.url).netloc == urlsplit(prepared_service.url).netloc, address
    assert (foreign, dialogs) == ([], [])
