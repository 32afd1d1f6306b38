"""The actor that looks for a company's challenge at a host, outside any transaction."""

from models import HostProof
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.proving import look_for_challenge
from workflow.access.host_proofs import record_host_check
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease


def check_host(context: WorkerContext, lease: Lease) -> bool:
    """Looks for the challenge and records what was found. Commits. Returns False if the proof is gone or begun anew."""
    with context.unit_of_work() as session:
        proof = session.get(HostProof, lease.id)
        if proof is None:
            return False
        host, challenge = proof.host, proof.challenge
    found_in, findings = look_for_challenge(host, challenge, context.http, context.names)
    context.reached("host_checked")
    with context.unit_of_work() as session:
        return record_host_check(session, lease, found_in, findings, database_now(session))


HOST_PROOFS = LeasedWork(DueKind.HOST_PROOF, "check_host", check_host)
