"""Deciding requests for access by their state machine, the effects of a decision, and marking overdue requests."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from models import AccessContact, AccessRequest, Organization
from models.lifecycle import AccessTrigger
from workflow.access.domains import domain_of_mail
from workflow.access.invitations import invite, is_member, lock_organization
from workflow.access.requests import cause_of, find_request, lock_companies
from workflow.errors import Conflict, Invalid, Refused
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal
from workflow.identity.staff import WITH_TEAM
from workflow.machines import judge_access
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.people import notify_address, void_notifications
from workflow.reasons import Reason
from workflow.work.bells import Bell, ring_after_commit
from workflow.work.lanes import LANE_OF_PERSON

_TO_REVIEWERS = (NotificationKind.NEW_ACCESS_REQUEST, NotificationKind.ACCESS_OVERDUE)


def decide_access(
    session: Session,
    request_id: UUID,
    trigger: AccessTrigger,
    reasons: Sequence[Reason],
    actor: Actor,
    now: datetime,
    seal: Seal,
) -> AccessRequest:
    """Approves or declines a request for all its requesters, and returns it. Does not commit.

    An approval creates the company's organization, or finds the one with its domain, and mails each requester an
    invitation. Locks the company's domain and the request: of two concurrent decisions the second is refused. Raises
    NotFound, Invalid (reason.missing: a decline needs a reason), Conflict (access.takes_part) and Refused.
    """
    lock_companies(session, [find_request(session, request_id).domain or str(request_id)])
    request = session.get_one(AccessRequest, request_id, with_for_update=True, populate_existing=True)
    judgment = judge_access(trigger, request.state, actor.role)
    if judgment.target is None:
        raise Refused(f"This access request cannot be decided by {trigger}.", judgment.unmet)
    if trigger is AccessTrigger.DECLINE and not reasons:
        raise Invalid("reason.missing", "A decline needs a reason.", "Say why; the requesters will read it.")
    if trigger is AccessTrigger.APPROVE:
        request.organization_id = _organization_of(session, request).id
    request.state, request.decided_at, request.decided_by = judgment.target, now, actor.id
    request.decision_reason = "\n".join(_format_reason(reason) for reason in reasons) or None
    session.flush()
    if request.organization_id is not None:
        _invite_all(session, request, request.organization_id, actor, now, seal)
    else:
        _notify_declined(session, request, reasons, now)
    void_notifications(session, [cause_of(request.id, kind) for kind in _TO_REVIEWERS])
    session.execute(_VOID_CHECK, {"id": request.id})
    codes = [reason.code for reason in reasons]
    log_action(session, actor, "access.decide", request_id, decision=trigger.value, reasons=codes)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return request


def mark_access_requests(session: Session, now: datetime, *, limit: int = 10_000) -> int:
    """Marks up to `limit` open requests that are overdue, and notifies the reviewers once of each. Returns how many.

    Leaves requests that others have locked. Writes the marks and the notifications in one statement. Does not commit.
    """
    kind = NotificationKind.ACCESS_OVERDUE
    values = {"now": now, "limit": limit, **kind.columns()}
    return len(session.execute(_MARK, values).all())


def _organization_of(session: Session, request: AccessRequest) -> Organization:
    if request.domain is not None:
        known = session.scalar(select(Organization).where(Organization.domain == request.domain))
        if known is not None and domain_of_mail(request.contact_email) != request.domain:
            raise Conflict(
                "access.takes_part",
                f"{known.name} is a partner already, and {request.contact_email} is not at {request.domain}.",
                "Decline the request; the company's owner can invite people they know.",
            )
        if known is not None:
            return known
    organization = Organization(name=request.company_name, website=request.website, domain=request.domain)
    session.add(organization)
    session.flush()
    return organization


def _requesters(session: Session, request: AccessRequest) -> Iterator[tuple[str, str]]:
    yield request.contact_name, request.contact_email
    joined = select(AccessContact).where(AccessContact.access_request_id == request.id).order_by(AccessContact.id)
    for contact in session.scalars(joined):
        yield contact.name, contact.email


def _invite_all(
    session: Session, request: AccessRequest, organization_id: UUID, actor: Actor, now: datetime, seal: Seal
) -> None:
    organization = lock_organization(session, organization_id)
    for name, email in _requesters(session, request):
        if not is_member(session, organization.id, email):
            invite(
                session,
                organization,
                name=name,
                email=email,
                by=actor,
                now=now,
                seal=seal,
                access_request_id=request.id,
            )


def _notify_declined(session: Session, request: AccessRequest, reasons: Sequence[Reason], now: datetime) -> None:
    kind = NotificationKind.ACCESS_DECLINED
    words = [{"code": reason.code, "text": reason.text, "where": reason.where} for reason in reasons]
    for name, email in _requesters(session, request):
        data = {"name": name, "company": request.company_name, "reasons": words}
        notify_address(session, kind, cause_of(request.id, kind), email, now, data)


def _format_reason(reason: Reason) -> str:
    return f"{reason.text} ({reason.where})" if reason.where else reason.text


_VOID_CHECK = text("""
    UPDATE website_check SET status = 'void', leased_until = NULL
     WHERE access_request_id = :id AND status IN ('due', 'dead')
""")

_MARK = text(f"""
    {WITH_TEAM}, marked AS (
        UPDATE access_request SET overdue_marked_at = :now
         WHERE id = ANY(ARRAY(SELECT id FROM access_request
                               WHERE state = 'requested' AND overdue_marked_at IS NULL AND due_at <= :now
                               ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING id, company_name
    ), told AS (
        INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), :kind, 'access:' || m.id || ':' || :kind, p.id,
               jsonb_build_object('company', m.company_name, 'request', m.id, 'path', '/v1/access-requests/' || m.id),
               :now,
               {LANE_OF_PERSON}, :urgency
          FROM marked m CROSS JOIN team p
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    )
    SELECT id FROM marked
""").bindparams(bindparam("kind", type_=Text))
