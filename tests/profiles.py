"""The profile of another platform, and a search for text that still names the default one."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from workflow.profile.document import Profile
from workflow.profile.loading import load_profile

NORTHWIND = Path(__file__).parents[1] / "examples" / "northwind" / "profile.toml"
NAMES_OF_THE_PROTOCOL = ("Segment.io",)
"""What official SDKs send or expect under this name, whatever the platform."""


def names_of(profile: Profile) -> frozenset[str]:
    """Returns every text by which the profile names its platform: names, hosts, addresses, headers, slugs."""
    platform, contact, protocol, brand = profile.platform, profile.contact, profile.protocol, profile.brand
    urls = (platform.website, contact.documentation_url, protocol.tracking_url)
    return frozenset(
        {
            *(platform.name, platform.developer_center, platform.partner_program, *platform.domains),
            *platform.reserved_slugs,
            *(str(urlsplit(url).hostname) for url in urls),
            *(contact.support_email, protocol.settings_header, protocol.user_agent),
            *(brand.enable_flow, *brand.wrong_names),
        }
    )


def default_names_in(text: str) -> list[str]:
    """Returns each place of `text` that names the default platform, with the words around it."""
    for name in NAMES_OF_THE_PROTOCOL:
        text = text.replace(name, "")
    return [text[max(0, found.start() - 60) : found.end() + 60] for found in _DEFAULT.finditer(text)]


_DEFAULT = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(re.escape(name) for name in sorted(names_of(load_profile()), key=len, reverse=True))
    + r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
