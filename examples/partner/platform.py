"""What the example partner knows of the platform that it integrates with: its name, a link to it, and a header."""

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform as its partners know it.

    `link` leads to it with the parameters that say who sent the reader; without it, the link is made from `website`.
    `settings_header` is the header in which it sends a customer's settings.
    """

    name: str = "Segment"
    website: str = "https://segment.com/"
    link: str | None = None
    settings_header: str = "X-Segment-Settings"

    def tracked_link(self, app_name: str) -> str:
        """Returns the link to the platform with the UTM parameters that say who sent the reader."""
        if self.link:
            return self.link
        source = "-".join(app_name.lower().split())
        query = urlencode({"utm_source": source, "utm_medium": "partner", "utm_campaign": "integration"})
        return f"{self.website}?{query}"


SEGMENT = Platform()
