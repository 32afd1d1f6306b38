"""What only stands in for a page is left to a reviewer, and what is a page is not."""

import pytest

from tests.costs import assert_linear
from tests.workers.sites import URL, Site, seen, site, take
from workers.walls import wall_of

NAV = "<nav><a href=/>Acme</a> <a href=/integrations>Integrations</a> <a href=/segment>Segment</a></nav>"
LONG = "<p>" + "Acme sends what it knows to Segment, and Segment sends what it knows to Acme. " * 30 + "</p>"
FORM = "<form><input name=user><input type=password><button>Go</button></form>"

SOFT_404 = [
    "<h1>Page not found</h1>",
    "<h1>404</h1><p>Go back home</p>",
    "<h1>Oops! We can\u2019t find that page.</h1>",
    "<h1>Sorry, this page isn\u2019t available</h1>",
    "<h1>The page you were looking for doesn&#39;t exist (404)</h1>",
    "<h1>Error 404 - Not Found</h1>",
    "<h2>This page could not be found.</h2>",
    "<title>Page Not Found | Acme</title><h1>Acme for Segment</h1>",
    "<title>404 - Acme for Segment</title><p>Try the search.</p>",
    "<h1>Acme</h1><div class=message>Page not found</div>",
    "<div class=title>Page not found</div><p>Segment</p>",
    "<h1>Seite nicht gefunden</h1>",
    "<h1>Page introuvable</h1>",
    "<h1>Página no encontrada</h1>",
    "<h1>お探しのページが見つかりません</h1>",
    "<h1>页面不存在</h1>",
    "<h1>Hmm, nothing here.</h1>",
    "<h1>This page no longer exists</h1>",
    "<h1>Whoops, that page is gone</h1>",
    '<body class="page error404"><h1>Acme</h1>',
    "<h1><span>Page</span> <span>not</span> <span>found</span></h1>",
]


@pytest.mark.parametrize("html", SOFT_404)
def test_a_page_that_says_that_nothing_was_found_is_left_to_a_reviewer(html: str) -> None:
    assert seen(take(site(html + NAV))) == ("warn", ["page.soft_404"])


SIGN_IN = [
    f"<h1>Sign in</h1>{FORM}<p>to Acme with Segment</p>",
    f"<title>Log in to Acme</title>{FORM}<p>Segment</p>",
    f"<h1>Welcome back to Acme</h1>{FORM}<a>Segment</a>",
    "<h1>Log in to Acme</h1><form><input type=email><button>Send me a link</button></form><p>Segment</p>",
    "<h1>Sign in to Acme</h1><button>Continue with Google</button><p>Segment</p>",
    "<h1>Acme for Segment</h1><p>You must be logged in to view this page.</p>",
    f"<h1>Protected: Acme for Segment</h1><form class=post-password-form><input type=password></form>{LONG}",
    f"<h1>Anmelden</h1>{FORM}<p>Acme, Segment</p>",
    f"<h1>ログインしてください</h1>{FORM}<p>Acme Segment</p>",
]


@pytest.mark.parametrize("html", SIGN_IN)
def test_a_form_for_signing_in_is_left_to_a_reviewer(html: str) -> None:
    assert seen(take(site(html))) == ("warn", ["page.sign_in"])


@pytest.mark.parametrize("url", ["https://acme.example/login?next=/docs", "https://accounts.acme.example/x"])
def test_a_redirect_to_a_form_for_signing_in_is_left_to_a_reviewer(url: str) -> None:
    assert seen(take(site(NAV + LONG, url=url, redirects=(URL,)))) == ("warn", ["page.sign_in"])


@pytest.mark.parametrize(
    ("asked", "found", "codes"),
    [
        ("https://acme.example/docs/segment", "https://acme.example/", ["page.moved_home"]),
        ("https://www.acme.example/docs/segment", "https://acme.example", ["page.moved_home"]),
        ("https://acme.example/docs", "https://docs.acme.example/", []),
        ("https://acme.example/", "https://acme.example/", []),
        ("https://acme.example/docs", "https://acme.example/docs/", []),
        ("https://acme.example/docs", "https://acme.example/404", ["page.soft_404"]),
    ],
)
def test_a_redirect_to_the_home_page_is_left_to_a_reviewer(asked: str, found: str, codes: list[str]) -> None:
    assert seen(take(site(NAV + LONG, url=found, redirects=(asked,))))[1] == codes


OTHERS = [
    ("page.needs_scripts", '<title>Acme for Segment</title><div id="root"></div><script src="a.js"></script>'),
    (
        "page.needs_scripts",
        "<title>Acme Segment</title><noscript>You need to enable JavaScript to run this app.</noscript>",
    ),
    ("page.needs_scripts", "<p>Please enable JavaScript to see Acme for Segment.</p><script></script>"),
    ("page.needs_scripts", "<title>Acme Segment</title><app-root>Loading...</app-root><script src=main.js></script>"),
    ("page.needs_scripts", "<title>Acme</title><script>window.location.replace('/docs/segment')</script>"),
    ("page.parked", "<h1>acme.example</h1><p>This domain is for sale!</p><p>Acme Segment</p>"),
    ("page.parked", "<p>Acme Segment</p><script src='https://img1.sedoparking.com/js.js'></script>"),
    ("page.parked", "<title>acme.example - Buy this domain</title><p>Acme and Segment</p>"),
    ("page.bot_wall", "<title>Just a moment...</title><p>Acme Segment</p>"),
    ("page.bot_wall", "<h1>Access Denied</h1><p>Acme Segment</p>"),
    ("page.bot_wall", "<h1>Verify you are human</h1><p>Acme Segment</p>"),
    ("page.bot_wall", "<h1>Acme Segment</h1><div class=g-recaptcha></div>"),
    ("page.broken", "<h1>Internal Server Error</h1><p>Acme Segment</p>"),
    ("page.broken", "<h1>We\u2019ll be back soon!</h1><p>Acme Segment</p>"),
    ("page.broken", "<h1>Coming soon</h1><p>Acme for Segment</p>"),
]


@pytest.mark.parametrize(("code", "html"), OTHERS)
def test_what_else_is_no_page_is_left_to_a_reviewer(code: str, html: str) -> None:
    assert seen(take(site(html))) == ("warn", [code])


PAGES = [
    NAV + LONG,
    "<p>Acme works with Segment</p>",
    f"<h1>Acme for Segment</h1>{LONG}<h2>404 Not Found</h2><p>means that the source is gone.</p>",
    f"<h1>Troubleshooting Page Not Found errors in Acme for Segment</h1>{LONG}",
    f"<h1>How to sign in to Segment from Acme with your key</h1>{LONG}",
    "<h1>Acme for Segment</h1><ol><li>Log in to Acme.</li><li>Copy your key.</li></ol>",
    f"{FORM}<h1>Acme for Segment</h1>{LONG}",
    f"<h1>Acme for Segment</h1>{LONG}<noscript>Please enable JavaScript.</noscript><script src=a.js></script>",
    f'<div id="__next"><h1>Acme for Segment</h1>{LONG}</div><script src=a.js></script>',
    '<div id="root"><h1>Acme for Segment</h1><p>Sends events.</p></div><script src=a.js></script>',
    f"<h1>Acme for Segment</h1>{LONG}<form><div class=g-recaptcha></div></form>",
    f"<h1>Acme for Segment</h1>{LONG}<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>",
    f"<h1>Acme for Segment</h1>{LONG}<p>Nobody can buy this domain.</p>",
    "<h1>Acme for Segment</h1><p>Works with Segment.</p><script async src='https://www.googletagmanager.com/g.js'></script>",
    f"<div style='display:none'><h1>Page not found</h1>{FORM}</div><h1>Acme for Segment</h1>{LONG}",
    "<h1>Acme for Segment</h1><iframe src='https://www.youtube.com/embed/x'></iframe>",
]


@pytest.mark.parametrize("html", PAGES)
def test_a_page_that_speaks_of_such_things_is_a_page(html: str) -> None:
    assert seen(take(site(html))) == ("pass", [])


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (site("<h1>Docs</h1><iframe src='https://docs.example/acme'></iframe>"), "frame"),
        (site("Яндекс и Сегмент".encode("cp1251"), content_type="text/html"), "charset"),
        (site("<div id=app><h1>Docs</h1></div><script src=a.js></script>" + "<p>words</p>" * 60), "scripts"),
    ],
)
def test_names_that_a_machine_may_miss_are_no_fault(page: Site, why: str) -> None:
    outcome = take(page)
    assert (str(outcome.trigger), outcome.findings[0].code) == ("warn", "page.hard_to_read")
    assert why in outcome.findings[0].detail


@pytest.mark.parametrize(
    "html",
    [
        "<style>.menu{display:none}</style><div class=menu>Acme</div><p>Segment</p>",
        "<p style='display:none'>Acme</p><p>Segment</p>",
        "<meta property='og:title' content='Acme'><p>Segment</p>",
    ],
)
def test_a_name_that_is_only_hidden_is_left_to_a_reviewer(html: str) -> None:
    assert seen(take(site(html))) == ("warn", ["page.app_hidden"])


WALLS = [
    (403, {"server": "cloudflare", "cf-mitigated": "challenge"}, ""),
    (503, {"server": "cloudflare", "cf-mitigated": "challenge"}, ""),
    (200, {"cf-mitigated": "challenge"}, ""),
    (403, {"server": "cloudflare"}, "<h1>Sorry, you have been blocked</h1>"),
    (503, {}, "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"),
    (403, {"server": "AkamaiGHost"}, "<H1>Access Denied</H1>"),
    (200, {}, "<div id='sec-if-cpt-container'></div>"),
    (403, {"x-iinfo": "1-2-3"}, ""),
    (200, {}, '<iframe src="/_Incapsula_Resource?SWUDNSAI=31">Request unsuccessful.</iframe>'),
    (403, {"x-datadome": "protected"}, ""),
    (403, {}, '<script src="https://ct.captcha-delivery.com/c.js"></script>'),
    (403, {}, '<div id="px-captcha"></div>'),
    (202, {"x-amzn-waf-action": "challenge"}, ""),
    (405, {"x-amzn-waf-action": "captcha"}, ""),
    (202, {}, "<script>window.awsWafCookieDomainList = []</script>"),
    (429, {"x-vercel-mitigated": "challenge"}, ""),
    (403, {"x-vercel-mitigated": "deny"}, ""),
    (403, {"x-sucuri-id": "1"}, "Sucuri WebSite Firewall"),
    (200, {}, "<script>var sucuri_cloudproxy_js='';</script>"),
    (202, {"sg-captcha": "challenge"}, ""),
    (429, {"x-kpsdk-ct": "x"}, ""),
    (503, {}, "Generated by Wordfence at Mon"),
    (403, {}, "<form><div class='h-captcha'></div></form>"),
]


@pytest.mark.parametrize(("status", "headers", "html"), WALLS)
def test_a_wall_for_machines_is_no_fault_and_is_not_tried_again(
    status: int, headers: dict[str, str], html: str
) -> None:
    outcome = take(site(html, status=status, headers=headers))
    assert seen(outcome) == ("warn", ["page.bot_wall"])
    assert outcome.again_after is None
    assert "reviewer" in outcome.findings[0].remedy


PLAIN = [
    (site(NAV + LONG, headers={"server": "cloudflare", "x-datadome": "protected", "x-iinfo": "1", "x-azure-ref": "1"})),
    (site("<p>Not found</p>", status=404, headers={"server": "cloudflare"})),
]


@pytest.mark.parametrize("page", PLAIN)
def test_the_customers_of_such_services_have_pages_of_their_own(page: Site) -> None:
    assert wall_of(page.page) is None


@pytest.mark.parametrize(
    "piece", ["<", "<script", "<script></script>", "<style>", "a<b>", "&", "<p>" + "x" * 50, "\n", "<a"]
)
def test_telling_what_stands_in_takes_time_in_proportion_to_the_page(piece: str) -> None:
    assert_linear(lambda size: site(piece * (size // len(piece))), take, size=8_000)
