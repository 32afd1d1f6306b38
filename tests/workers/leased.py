"""Does leased work without Dramatiq's threads, row by row, as a worker with one thread would."""

import time
from dataclasses import replace
from email.message import EmailMessage

from runtime.settings import load_settings
from runtime.smtp import SmtpServer
from tests.mailbox import Mailbox
from workers.actors.notifications import NOTIFICATIONS
from workers.context import WorkerContext
from workers.leasing.queue import Handed
from workers.leasing.work import LeasedWork, attempt_row, is_foreseen
from workflow.sql.pipeline import direct_connection, implicit_transaction
from workflow.work.handing_out import hand_out
from workflow.work.leases import Lease


def work_off(context: WorkerContext, work: LeasedWork) -> int:
    """Attempts the due rows of a kind until none is left. Returns how many were attempted.

    Raises what an attempt raised and nobody foresaw, once its failure is recorded.
    """
    crashes: list[Exception] = []

    def run(context: WorkerContext, lease: Lease) -> bool:
        try:
            return work.run(context, lease)
        except Exception as error:
            if not is_foreseen(error):
                crashes.append(error)
            raise

    watched, tried = replace(work, run=run), 0
    while True:
        with direct_connection(context.engine) as connection, implicit_transaction(connection) as session:
            found = hand_out(session, work.kind, room=1)
        for lease in found.leases:
            attempt_row(context, watched, Handed(lease, time.monotonic()))
            tried += 1
        if crashes:
            raise crashes[0]
        if not found.leases:
            return tried


def deliver(context: WorkerContext) -> list[EmailMessage]:
    """Delivers all due notifications to a mailbox and returns the mails."""
    with Mailbox() as mailbox:
        settings = load_settings(
            database_url="postgresql://n@127.0.0.1:1/n",
            redis_url="redis://127.0.0.1:1/0",
            history_key="x" * 32,
            secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
            smtp_port=mailbox.port,
        )
        mail = SmtpServer(settings)
        work_off(replace(context, mail=mail), NOTIFICATIONS)
        mail.close()
        return list(mailbox.letters)
