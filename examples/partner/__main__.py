"""`python -m examples.partner [--port N]`: serves the example partner on loopback until Ctrl-C.

The first line it prints is JSON with its address.
"""

import argparse
import json
import signal
import sys
import threading

from examples.partner.platform import SEGMENT, Platform
from examples.partner.server import ExamplePartner


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.partner", description=__doc__)
    parser.add_argument("--port", type=_port, default=0, help="the port to listen on; 0 chooses a free one")
    parser.add_argument("--app-name", default="Acme Insights", help="the App's name on the pages")
    parser.add_argument("--api-key", default="acme-key", help="the key that the platform must send")
    parser.add_argument("--platform", default=SEGMENT.name, help="the platform's name, as the pages say it")
    parser.add_argument("--platform-link", help="the link from the pages to the platform, with its UTM parameters")
    parser.add_argument(
        "--settings-header", default=SEGMENT.settings_header, help="the header in which settings of a customer come"
    )
    options = parser.parse_args()
    platform = Platform(options.platform, link=options.platform_link, settings_header=options.settings_header)
    try:
        partner = ExamplePartner(options.port, app_name=options.app_name, api_key=options.api_key, platform=platform)
    except OSError as error:
        print(f"Port {options.port} cannot be used: {error}. Choose another with --port.", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with partner:
        print(json.dumps({"url": partner.url}), flush=True)
        stop.wait()
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 0 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
