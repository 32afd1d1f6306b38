"""The partner's public pages, in plain HTML: documentation, integrations page and blog post."""

from html import escape

from examples.partner.platform import SEGMENT, Platform


def pages(app_name: str, platform: Platform = SEGMENT) -> dict[str, str]:
    """Returns the HTML of each page by path. Each names the platform and the App."""
    name, its_name = escape(app_name), escape(platform.name)
    link = escape(platform.tracked_link(app_name))
    return {
        "/docs": _page(f"{name} and {its_name}", _documentation(name, its_name)),
        "/partners": _page(
            f"What {name} works with",
            f'<p>{name} integrates with <a href="{link}">{its_name}</a>: '
            f"collect your customer data once, and see it in {name}.</p>",
        ),
        "/blog/announcement": _page(
            f"{name} is now in the {its_name} catalog",
            f"<p>Customers of {its_name} can send their events to {name} without writing code. "
            '<a href="/docs">See how it works</a>.</p>',
        ),
    }


def _documentation(name: str, its_name: str) -> str:
    return (
        f"<p>{name} shows what your users do. {its_name} sends it there.</p>"
        "<h2>Getting started</h2>"
        f"<ol><li>Copy your API key from your account page in {name}.</li>"
        f"<li>In your {its_name} workspace, choose {name} in the catalog and enable it.</li>"
        f"<li>Paste the API key. Events arrive in {name} within seconds.</li></ol>"
        "<h2>What is supported</h2>"
        "<p>Identify, track, page, screen, group and alias. A delete request removes all that is known of the user.</p>"
        "<h2>When something does not work</h2>"
        "<p>401 means that the API key is wrong; 403, that it may not write. The message says what to do.</p>"
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>\n"
    )
