"""The checks of pages find what they look for."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.opening import Opened, problems_of
from tests.waiting import wait_until

_PAGE = """<!doctype html><html lang="en"><head><title>A page</title><style>
:root {{ color-scheme: light dark; }} body {{ background: light-dark(#fff, #111); color: light-dark(#111, #eee); }}
{style}</style></head><body><header></header><main><h1>A page</h1>{body}</main></body></html>"""


@pytest.mark.parametrize(
    ("body", "style", "said"),
    [
        ("<p>Words.</p>", "", ""),
        ("<p>Words.</p>", "p { color: light-dark(#ccc, #eee) }", "light: violation color-contrast"),
        ("<p>Words.</p>", "p { color: light-dark(#111, #333) }", "dark: violation color-contrast"),
        ("<form><input></form>", "", "violation label"),
        ("<button></button>", "", "violation button-name"),
        ("<h3>Skipped</h3>", "", "violation heading-order"),
        ("<p>Words.</p>", "p { width: 40rem }", "wider than a narrow window"),
        ("<div class=table tabindex=0><p>Words.</p></div>", ".table { overflow-x: auto } p { width: 40rem }", ""),
    ],
)
def test_what_is_wrong_with_a_page_is_found(opened: Opened, body: str, style: str, said: str) -> None:
    opened.page.set_content(_PAGE.format(body=body, style=style))
    found = problems_of(opened.page)
    assert any(said in one for one in found) if said else found == []


def _violates_the_policy(page: Page) -> None:
    policy = """<meta http-equiv="Content-Security-Policy" content="script-src 'none'">"""
    page.set_content(f"<!doctype html><head>{policy}</head><body><p onclick='alert(1)'>Words.</p></body>")
    page.locator("p").click()


def _raises_an_error(page: Page) -> None:
    page.set_content("<!doctype html><script>nothing_of_this_name()</script>")


@pytest.mark.parametrize(
    ("do", "said"), [(_violates_the_policy, "Content Security Policy"), (_raises_an_error, "nothing_of_this_name")]
)
@pytest.mark.parametrize("is_another_window", [False, True])
def test_what_any_window_complains_of_is_heard(
    opened: Opened, do: Callable[[Page], None], said: str, is_another_window: bool
) -> None:
    do(opened.page.context.new_page() if is_another_window else opened.page)
    wait_until(lambda: opened.page.title() is not None and any(said in one for one in opened.complaints))
    opened.complaints.clear()


def test_a_page_is_kept_and_one_that_is_gone_says_so(opened: Opened, tmp_path: Path) -> None:
    opened.page.set_content(_PAGE.format(body="<p>Kept words.</p>", style=""))
    folder = tmp_path / "a test[with.dots]"
    said = opened.keep(folder)
    assert str(folder) in said
    assert "<p>Kept words.</p>" in said
    assert "<p>Kept words.</p>" in (folder / "page.html").read_text()
    assert (folder / "page.png").read_bytes().startswith(b"\x89PNG")
    opened.page.close()
    assert "could not be kept" in opened.keep(folder)


@pytest.mark.parametrize("has_scripts", [False])
def test_a_page_without_scripts_runs_none(opened: Opened) -> None:
    opened.page.set_content("<!doctype html><p>Words.</p><script>document.body.textContent = 'Scripts.'</script>")
    assert opened.page.locator("p").inner_text() == "Words."
