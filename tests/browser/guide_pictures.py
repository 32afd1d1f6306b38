"""The pictures of pages in the guides, of what `make screenshots` has: `make pictures` renews them in docs/pictures.

`python -m tests.browser.guide_pictures` prints which pages; with a folder of screenshots it makes the pictures of them.
"""

import sys
from pathlib import Path
from typing import Final

from PIL import Image

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
PAGES: Final = {
    "reviews-queue": "queue.png",
    "review-first": "review.png",
    "app-under-review": "app.png",
    "checklist-app-info-given": "checklist.png",
    "policy_change-form": "policy.png",
}
"""The pages by their names in tests/console/pages, and the picture of each."""
TALLEST: Final = 1100
"""The height of a picture at most: a guide shows the beginning of a long page."""
COLOURS: Final = 64
MOST_BYTES: Final = 1_500_000
"""All pictures together, in a repository that keeps each version of them."""


def shrink(source: Path, target: Path) -> None:
    """Writes the beginning of a screenshot with few colours, which pages do not have many of."""
    with Image.open(source) as opened:
        shown = opened.convert("RGB").crop((0, 0, opened.width, min(opened.height, TALLEST)))
        few = shown.quantize(COLOURS, dither=Image.Dither.NONE)
    target.parent.mkdir(parents=True, exist_ok=True)
    few.save(target, optimize=True)


def main(arguments: list[str]) -> int:
    """Prints the names of the pages as pytest's -k takes them, or makes the pictures of the screenshots in a folder."""
    if not arguments:
        print(" or ".join(PAGES))
        return 0
    for name, picture in PAGES.items():
        shrink(Path(arguments[0]) / f"{name}-light.png", FOLDER / picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
