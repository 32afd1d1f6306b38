"""The pages that a partner shows the world: documentation, integrations page, blog post. Plain HTML."""

from html import escape

UTM = "utm_source=acme&utm_medium=partner&utm_campaign=integration"


def pages(app_name: str) -> dict[str, str]:
    """Gives the HTML of each page by path."""
    name = escape(app_name)
    return {
        "/docs": _page(
            f"{name} and Segment",
            f"<p>This is how {name} works with Segment.</p><ol><li>Open your Segment workspace.</li>"
            f"<li>Choose {name} in the catalog and enable it.</li>"
            f"<li>Events arrive in {name} within seconds.</li></ol>",
        ),
        "/partners": _page(
            "Integrations",
            f'<p>{name} integrates with <a href="https://segment.com/?{UTM}">Segment</a>.</p>',
        ),
        "/blog/segment": _page(
            f"{name} is now in the Segment catalog",
            f"<p>Customers of Segment can send their events to {name} without code.</p>",
        ),
    }


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>'
    )
