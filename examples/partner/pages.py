"""The pages that a partner shows the world: documentation, integrations page, blog post. Plain HTML."""

from html import escape
from urllib.parse import urlencode

PLATFORM = "Segment"
PLATFORM_URL = "https://segment.com/"


def pages(app_name: str) -> dict[str, str]:
    """Returns the HTML of each page by path. Each names the platform and the App."""
    name = escape(app_name)
    return {
        "/docs": _page(f"{name} and {PLATFORM}", _documentation(name)),
        "/partners": _page(
            f"What {name} works with",
            f'<p>{name} integrates with <a href="{_tracked_link(app_name)}">{PLATFORM}</a>: '
            f"collect your customer data once, and see it in {name}.</p>",
        ),
        "/blog/segment": _page(
            f"{name} is now in the {PLATFORM} catalog",
            f"<p>Customers of {PLATFORM} can send their events to {name} without writing code. "
            '<a href="/docs">See how it works</a>.</p>',
        ),
    }


def _documentation(name: str) -> str:
    return (
        f"<p>{name} shows what your users do. {PLATFORM} sends it there.</p>"
        "<h2>Getting started</h2>"
        f"<ol><li>Copy your API key from your account page in {name}.</li>"
        f"<li>In your {PLATFORM} workspace, choose {name} in the catalog and enable it.</li>"
        f"<li>Paste the API key. Events arrive in {name} within seconds.</li></ol>"
        "<h2>What is supported</h2>"
        "<p>Identify, track, page, screen, group and alias. A delete request removes all that is known of the user.</p>"
        "<h2>When something does not work</h2>"
        "<p>401 means that the API key is wrong; 403, that it may not write. The message says what to do.</p>"
    )


def _tracked_link(app_name: str) -> str:
    """Returns the link to the platform with the UTM parameters that say who sent the reader."""
    source = "-".join(app_name.lower().split())
    query = urlencode({"utm_source": source, "utm_medium": "partner", "utm_campaign": "integration"})
    return escape(f"{PLATFORM_URL}?{query}")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>\n"
    )
