"""The checks of pages find what they look for."""

import pytest

from tests.browser.opening import Opened, problems_of

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
        ("<p>Words.</p>", "p { width: 40rem }", "wider than 320 pixels"),
        ("<div class=table tabindex=0><p>Words.</p></div>", ".table { overflow-x: auto } p { width: 40rem }", ""),
    ],
)
def test_what_is_wrong_with_a_page_is_found(opened: Opened, body: str, style: str, said: str) -> None:
    opened.page.set_content(_PAGE.format(body=body, style=style))
    found = problems_of(opened.page)
    assert any(said in one for one in found) if said else found == []
