"""Sends mails by smtplib and does nothing else: `python -m benchmarks.leased.bare_sender PORT THREADS MAILS`.

Each thread reuses one connection.
"""

import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage


def send(port: int, mails: int) -> None:
    """Sends the given number of mails over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for number in range(mails):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "from@bench.example", "to@bench.example", str(number)
            message.set_content("Hello Bench,\n\nBench is in public beta and listed in the catalog.\n")
            smtp.send_message(message)


def main(port: int, threads: int, mails: int) -> None:
    """Sends `mails` from `threads` threads. Returns when the server has accepted all of them."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, [port] * threads, [mails // threads] * threads))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
