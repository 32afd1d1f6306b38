"""A company and its people: its name and domain, colleagues who come and go, and its owner, who alone may act."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from models import Invitation, Organization, Person
from models.base import new_id
from models.lifecycle import Role
from workflow.access.domains import company_domain, host_of_website, website_as_browsers_read_it
from workflow.access.invitations import invite, is_member, lock_organization, revoke
from workflow.access.reading import causes_of_colleagues
from workflow.access.requests import lock_companies
from workflow.errors import Conflict, Forbidden, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action, possible_again_at
from workflow.identity.secrets import Seal
from workflow.names import domains_in, foreign_domains
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.people import notify_people, pass_on
from workflow.pages import PageOf, PageRequest, read_page
from workflow.work.bells import Bell, ring_after_commit

MAX_PEOPLE = 200
"""The number of people and open invitations together that an organization may have."""
MAX_HAND_OVERS_A_DAY = 5
"""How often the ownership of an organization may be handed over within a day. Each mails the old and the new owner."""


def find_organization(session: Session, organization_id: UUID, actor: Actor) -> Organization:
    """Returns the organization. Raises NotFound, also for a partner of another company."""
    found = session.get(Organization, organization_id)
    if found is None or (actor.role is Role.PARTNER and actor.organization_id != organization_id):
        raise NotFound(
            "organization.not_found",
            f"There is no organization {organization_id} that you may see.",
            "List the organizations.",
        )
    return found


def list_organizations(
    session: Session, actor: Actor, wanted: PageRequest, search: str | None = None
) -> PageOf[Organization]:
    """Returns a page of the organizations that the actor may see, oldest first: a partner's own, or all.

    With `search`, those whose name or domain has this text, in any case, and that of the person with this address.
    """
    statement = select(Organization)
    if search is not None:
        wanted_text = search.lower()
        of_person = select(Person.organization_id).where(
            func.lower(Person.email) == wanted_text, Person.removed_at.is_(None), Person.organization_id.is_not(None)
        )
        statement = statement.where(
            or_(
                func.strpos(func.lower(Organization.name), wanted_text) > 0,
                func.strpos(Organization.domain, wanted_text) > 0,
                Organization.id.in_(of_person),
            )
        )
    if actor.role is Role.PARTNER:
        statement = statement.where(Organization.id == actor.organization_id)
    return read_page(session, statement, Organization.id, wanted)


def rename_organization(session: Session, organization_id: UUID, name: str, actor: Actor) -> Organization:
    """Renames the organization, and returns it. Locks it. Does not commit.

    It may be called by the domain of its website, as Booking.com is, and by no other that it has not had so far: its
    name stands in mails to outsiders. Raises NotFound, Forbidden (owner.required) and Invalid (name.other_domain).
    """
    organization = _lock_own(session, organization_id, actor)
    own = (host_of_website(organization.website) or "", *domains_in(organization.name))
    others = foreign_domains(name, own)
    if others:
        raise Invalid(
            "name.other_domain",
            f"The name has {others[0]} in it, which is not the domain of the company's website.",
            "Write the name alone. If the website has moved, write to the platform's support first.",
        )
    log_action(session, actor, "organization.rename", organization_id, was=organization.name, name=name)
    organization.name = name
    session.flush()
    return organization


def move_organization(session: Session, organization_id: UUID, website: str, actor: Actor) -> Organization:
    """Moves the organization to another website and its domain, and returns it. For admins, who have looked at it.

    From then on colleagues who ask for access are recognised by the new domain. Locks the organization and the
    domains. Does not commit. Raises NotFound, Invalid (website.invalid, website.shared) and Conflict
    (organization.domain_taken).
    """
    website = website_as_browsers_read_it(website)
    domain = company_domain(website)
    if domain is None:
        raise Invalid(
            "website.shared",
            f"{website} is at a host that many parties share, so no company can be known by it.",
            "Enter a website at the company's own domain.",
        )
    organization = lock_organization(session, organization_id)
    lock_companies(session, {domain, organization.domain or domain})
    taken = select(Organization).where(Organization.domain == domain, Organization.id != organization_id)
    other = session.scalar(taken)
    if other is not None:
        raise Conflict(
            "organization.domain_taken",
            f"{domain} is the domain of {other.name}.",
            "Move that company's domain first, if it is no longer theirs.",
        )
    log_action(session, actor, "organization.move", organization_id, was=organization.domain, domain=domain)
    organization.website, organization.domain = website, domain
    session.flush()
    return organization


def list_people(session: Session, organization_id: UUID, actor: Actor, wanted: PageRequest) -> PageOf[Person]:
    """Returns a page of the organization's people, oldest first. Raises NotFound."""
    find_organization(session, organization_id, actor)
    people = select(Person).where(Person.organization_id == organization_id, Person.removed_at.is_(None))
    return read_page(session, people, Person.id, wanted)


def list_invitations(session: Session, organization_id: UUID, actor: Actor, wanted: PageRequest) -> PageOf[Invitation]:
    """Returns a page of all the organization's invitations, ended ones included, oldest first. Raises NotFound."""
    find_organization(session, organization_id, actor)
    sent = select(Invitation).where(Invitation.organization_id == organization_id)
    return read_page(session, sent, Invitation.id, wanted)


def invite_colleague(
    session: Session, organization_id: UUID, actor: Actor, now: datetime, seal: Seal, *, name: str, email: str
) -> Invitation:
    """Invites a colleague by mail and returns the invitation. Locks the organization. Does not commit.

    Raises NotFound, Forbidden (owner.required) and Conflict (person.exists, organization.full).
    """
    organization = _lock_own(session, organization_id, actor)
    if is_member(session, organization_id, email):
        raise Conflict("person.exists", f"{email} already belongs to the organization.", "There is nothing to do.")
    if len(_open_invitations(session, organization_id)) + _count_people(session, organization_id) >= MAX_PEOPLE:
        raise Conflict(
            "organization.full",
            f"The organization already has {MAX_PEOPLE} people and open invitations, the most that it may have.",
            "Remove a person or revoke an invitation first.",
        )
    invitation = invite(session, organization, name=name, email=email, by=actor, now=now, seal=seal)
    log_action(session, actor, "invitation.create", invitation.id, organization=str(organization_id))
    return invitation


def revoke_invitation(
    session: Session, organization_id: UUID, invitation_id: UUID, actor: Actor, now: datetime
) -> None:
    """Revokes an open invitation. Locks the organization. Does not commit.

    Raises NotFound and Forbidden (owner.required).
    """
    _lock_own(session, organization_id, actor)
    wanted = [one for one in _open_invitations(session, organization_id) if one.id == invitation_id]
    if not wanted:
        detail = f"The organization has no open invitation {invitation_id}."
        raise NotFound("invitation.not_found", detail, "List the invitations.")
    revoke(session, wanted, now)
    log_action(session, actor, "invitation.revoke", invitation_id, organization=str(organization_id))


def remove_person(session: Session, organization_id: UUID, person_id: UUID, actor: Actor, now: datetime) -> Person:
    """Removes a person and revokes their tokens, their preview links and the open invitations that they sent.

    The owner or an admin may remove others; anybody but the owner may remove themselves. Locks the organization. Does
    not commit. Raises NotFound, Forbidden (owner.required) and Conflict (owner.must_hand_over).
    """
    if person_id == actor.id:
        find_organization(session, organization_id, actor)
        lock_organization(session, organization_id)
    else:
        _lock_own(session, organization_id, actor)
    person = _find_person(session, organization_id, person_id)
    if person.owner:
        raise Conflict(
            "owner.must_hand_over",
            f"{person.name} is the owner of the organization.",
            "Hand the ownership over to another person first; invite one if there is nobody else.",
        )
    log_action(session, actor, "person.remove", person_id, organization=str(organization_id))
    end_access(session, person, now)
    data = {"company": session.get_one(Organization, organization_id).name}
    notify_people(session, NotificationKind.PERSON_REMOVED, f"person:{person_id}:removed", [person_id], now, data)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return person


def end_access(session: Session, person: Person, now: datetime) -> None:
    """Removes a person, and revokes their tokens, their preview links and the open invitations that they sent.

    Tells nobody. Does not commit.
    """
    sent = select(Invitation).where(
        Invitation.invited_by == person.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    revoke(session, session.scalars(sent.execution_options(populate_existing=True)).all(), now)
    session.execute(_REVOKE_TOKENS, {"id": person.id, "now": now})
    session.execute(_REVOKE_PREVIEWS, {"id": person.id, "now": now})
    # Last of all locks: a call of theirs that is under way holds their row for share, and waits for nothing then.
    person.removed_at = now
    session.flush()


def hand_over(session: Session, organization_id: UUID, person_id: UUID, actor: Actor, now: datetime) -> Person:
    """Makes the person the organization's owner, which changes nothing if they are it already. Does not commit.

    Who asked to join, and was not told to the former owner yet, is told to the new one. Locks the organization. Raises
    NotFound, Forbidden (owner.required) and Conflict (owner.too_many_hand_overs).
    """
    organization = _lock_own(session, organization_id, actor)
    person = _find_person(session, organization_id, person_id)
    if person.owner:
        return person
    again_at = possible_again_at(session, "organization.hand_over", organization_id, MAX_HAND_OVERS_A_DAY, now)
    log_action(session, actor, "organization.hand_over", organization_id, owner=str(person.id))
    if again_at is not None:
        detail = f"The ownership was handed over {MAX_HAND_OVERS_A_DAY} times within a day, the most that may be."
        raise Conflict("owner.too_many_hand_overs", detail, f"Hand it over after {again_at:%Y-%m-%d %H:%M} UTC.")
    former = _owner_of(session, organization_id)
    if former is not None:
        former.owner = False
        # Flushed before the new owner is set: a unique index allows one owner at a time.
        session.flush()
    person.owner = True
    session.flush()
    if former is not None:
        pass_on(session, causes_of_colleagues(session, organization_id), former.id, person.id)
    told = [person.id, *([former.id] if former else [])]
    data = {
        "company": organization.name,
        "owner": person.name,
        "path": f"/v1/organizations/{organization_id}/people",
    }
    notify_people(session, NotificationKind.OWNERSHIP_HANDED_OVER, f"ownership:{new_id()}", told, now, data)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return person


def find_person(session: Session, actor: Actor) -> Person:
    """Returns the person that the actor is. Raises NotFound for the token of a service or of the command line."""
    person = session.get(Person, actor.id)
    if person is None:
        raise NotFound("person.not_found", "The token is no person's.", "Use the token of a person.")
    return person


def _lock_own(session: Session, organization_id: UUID, actor: Actor) -> Organization:
    """Returns the organization, locked, if the actor is its owner or an admin.

    Raises NotFound and Forbidden (owner.required).
    """
    find_organization(session, organization_id, actor)
    organization = lock_organization(session, organization_id)
    owner = _owner_of(session, organization_id)
    if actor.role is not Role.ADMIN and (owner is None or owner.id != actor.id):
        detail = "The organization has no owner, so only an admin may change its people."
        if owner is not None:
            detail = f"Only the owner, {owner.name}, may change the organization's people."
        raise Forbidden("owner.required", detail, "Ask them to do it.")
    return organization


def _owner_of(session: Session, organization_id: UUID) -> Person | None:
    statement = select(Person).where(Person.organization_id == organization_id, Person.owner)
    return session.scalar(statement.execution_options(populate_existing=True))


def _find_person(session: Session, organization_id: UUID, person_id: UUID) -> Person:
    person = session.scalar(
        select(Person)
        .where(Person.id == person_id, Person.organization_id == organization_id, Person.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if person is None:
        detail = f"The organization has no person {person_id}."
        raise NotFound("person.not_found", detail, "List the organization's people.")
    return person


def _open_invitations(session: Session, organization_id: UUID) -> Sequence[Invitation]:
    return session.scalars(
        select(Invitation)
        .where(
            Invitation.organization_id == organization_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).all()


def _count_people(session: Session, organization_id: UUID) -> int:
    wanted = select(func.count()).where(Person.organization_id == organization_id, Person.removed_at.is_(None))
    return session.scalars(wanted).one()


_REVOKE_PREVIEWS = text("UPDATE preview_link SET revoked_at = :now WHERE created_by = :id AND revoked_at IS NULL")
_REVOKE_TOKENS = text("UPDATE api_token SET revoked_at = :now WHERE person_id = :id AND revoked_at IS NULL")
