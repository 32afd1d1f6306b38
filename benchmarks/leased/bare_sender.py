"""Sends mails by smtplib and does nothing else: `python -m benchmarks.leased.bare_sender PORT THREADS MAILS`.

Each thread keeps its connection.
"""

import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage


def send(port: int, mails: int) -> None:
    """Sends so many mails over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for number in range(mails):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "from@bench.example", "to@bench.example", str(number)
            message.set_content("Hello Bench,\n\nBench is in public beta and stands in the catalog.\n")
            smtp.send_message(message)


def main(port: int, threads: int, mails: int) -> None:
    """Sends `mails` from `threads` threads, and returns when all are taken."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, [port] * threads, [mails // threads] * threads))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
