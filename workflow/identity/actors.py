"""Actors: the opaque identities that rules judge and the log records."""

from dataclasses import dataclass, field
from uuid import UUID

from models.lifecycle import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a service or the schedule. `organization_id` is set for partners, and only for them.

    `token_id` is the token by which they call, if they do: it is looked at again when the call writes
    (`workflow.identity.principals.require_present`). It is no part of who they are.
    """

    id: UUID
    role: Role
    organization_id: UUID | None = None
    token_id: UUID | None = field(default=None, compare=False, repr=False)


SCHEDULE = Actor(UUID("00000000-0000-7000-8000-000000000001"), Role.SCHEDULE)
"""The service itself, as when it promotes eligible Apps or runs an automatic review step."""
COMMAND_LINE = Actor(UUID("00000000-0000-7000-8000-000000000002"), Role.ADMIN)
"""The actor that the audit log records for commands: anyone with a shell on the installation."""
