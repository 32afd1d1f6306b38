"""The review steps by code: which a machine takes and which a person decides. Their doing lives in workers."""

from typing import Final

MACHINE_STEPS: Final = frozenset({"partner_documentation"})
"""Steps that a worker runs; workers/steps has one file for each."""

PERSON_STEPS: Final = frozenset({"end_to_end_check"})
"""Steps that a reviewer decides."""
