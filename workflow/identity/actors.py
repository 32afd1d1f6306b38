"""Actors: the opaque identities that rules judge and the log records."""

from dataclasses import dataclass
from uuid import UUID

from models.lifecycle import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a service or the schedule. `organization_id` is set for partners, and only for them."""

    id: UUID
    role: Role
    organization_id: UUID | None = None


SCHEDULE = Actor(UUID("00000000-0000-7000-8000-000000000001"), Role.SCHEDULE)
"""The service itself, as when it promotes eligible Apps or runs an automatic review step."""
