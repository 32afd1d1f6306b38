"""Does leased work without Dramatiq's threads, row by row, as a worker with one thread would."""

import time

from workers.context import WorkerContext
from workers.leasing.queue import Handed
from workers.leasing.work import LeasedWork, attempt_row
from workflow.sql.pipeline import direct_connection, implicit_transaction
from workflow.work.handing_out import hand_out


def work_off(context: WorkerContext, work: LeasedWork) -> int:
    """Attempts the due rows of a kind until none is left. Returns how many were attempted."""
    tried = 0
    while True:
        with direct_connection(context.engine) as connection, implicit_transaction(connection) as session:
            found = hand_out(session, work.kind, room=1)
        for lease in found.leases:
            attempt_row(context, work, Handed(lease, time.monotonic()))
            tried += 1
        if not found.leases:
            return tried
