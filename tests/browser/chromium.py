"""The Chromium that tests bring themselves: where it is, and unpacking it, which `make .venv/installed-clients` does.

`DEVCENTER_CHROMIUM` names another one to use instead. It is built for x86-64; other machines use an installed one.
"""

import io
import os
import platform
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Final

import brotli

CLIENTS: Final = Path(sys.executable).parent.parent / "clients"
NODE: Final = CLIENTS / "bin" / "node"
AXE: Final = CLIENTS / "npm" / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS: Final = (
    "--headless=shell",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)

_UNPACKED: Final = CLIENTS / "chromium"
_PACKED: Final = CLIENTS / "npm" / "node_modules" / "@sparticuz" / "chromium" / "bin"
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <config></config>
</fontconfig>
"""


_PROGRAM: Final = _UNPACKED / "chromium"
_BUILT_FOR: Final = ("x86_64", "AMD64")
_INSTALLED: Final = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """Returns the path of the browser. Raises FileNotFoundError, with what to do, if there is none."""
    installed = (shutil.which(name) for name in _INSTALLED)
    candidates = (os.environ.get("DEVCENTER_CHROMIUM"), str(_PROGRAM) if _PROGRAM.exists() else None, *installed)
    for path in filter(None, candidates):
        return path
    raise FileNotFoundError(
        "There is no Chromium for the tests. Run `make .venv/installed-clients`; on a machine that is not x86-64, "
        "install Debian's package chromium, or name one in DEVCENTER_CHROMIUM."
    )


def environment() -> dict[str, str | float | bool]:
    """Returns the environment of the browser: its own libraries and fonts, as the machine may have none."""
    given: dict[str, str | float | bool] = dict(os.environ)
    if executable() == str(_PROGRAM):
        given |= {"LD_LIBRARY_PATH": str(_UNPACKED / "lib"), "FONTCONFIG_FILE": str(_UNPACKED / "fonts.conf")}
    return given


def unpack() -> None:
    """Unpacks the browser with its libraries and fonts, and writes a configuration that names where the fonts are.

    Does nothing on a machine that it is not built for.
    """
    if platform.machine() not in _BUILT_FOR:
        return
    _UNPACKED.mkdir(exist_ok=True)
    for name in ("al2023", "fonts", "swiftshader"):
        packed = io.BytesIO(brotli.decompress((_PACKED / f"{name}.tar.br").read_bytes()))
        with tarfile.open(fileobj=packed) as archive:
            # Debian 12's Python 3.11.2 knows no filters yet.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
            archive.extractall(_UNPACKED)  # noqa: S202 - npm has compared the archive with the lock
    _PROGRAM.write_bytes(brotli.decompress((_PACKED / "chromium.br").read_bytes()))
    _PROGRAM.chmod(0o755)
    fonts = _FONTS.format(fonts=_UNPACKED / "fonts", cache=_UNPACKED / "cache")
    (_UNPACKED / "fonts.conf").write_text(fonts)


if __name__ == "__main__":
    unpack()
