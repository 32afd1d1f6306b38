"""Adopting Apps that another system has published: comparing all with what is stored, and storing each.

`adoption_lines` reads them. Nothing is stored before every line is found to be in order. Each App is stored in a
transaction of its own, with its company if that is new. A run that was cut is repeated, and leaves out what is adopted
already.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import AccessRequest, AllowedSlug, App, ChecklistItem, Component, Invitation, Organization
from models.app import SKELETON
from models.checklist import Requirement
from models.lifecycle import AppTrigger
from workflow.access.domains import fetch_lane
from workflow.access.invitations import invite, is_member, lock_organization
from workflow.assets.pictures import Picture
from workflow.assets.storing import new_asset
from workflow.building.accounts import change_secrets
from workflow.building.adoption_lines import PICTURES, AdoptedApp, Checked, LineRefused
from workflow.building.findings import Templates, findings_on
from workflow.building.reserved import RESERVED_SLUGS
from workflow.building.slugs import skeleton_of
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal
from workflow.lifecycle.apply import WriteContext, adopt_app
from workflow.profile.guides import Guide

PLAN = "It arrived with its Apps from another system."


def check_against(session: Session, read: Checked, platforms: Collection[str]) -> Checked:
    """Returns the lines compared with what is stored, in three queries. Locks nothing.

    `platforms` are the slugs that name the platform.
    """
    taken = _taken_slugs(session, read.apps)
    people = _people_with(session, read.apps)
    allowed = {row.slug: row.domain for row in session.execute(_ALLOWED, {"slugs": [app.slug for app in read.apps]})}
    alike = {skeleton_of(slug) for slug in taken}
    reserved = {skeleton_of(slug): slug for slug in sorted((*RESERVED_SLUGS, *platforms))}
    apps, adopted, refused = [], [], list(read.refused)
    for app in read.apps:
        found = taken.get(app.slug)
        if found is not None and found == (AppTrigger.ADOPT.value, app.domain):
            adopted.append(app.slug)
            continue
        is_allowed = allowed.get(app.slug) == app.domain
        problems = _problems_with_slug(app, found is not None, alike, reserved, is_allowed)
        holder = people.get(app.owner_email.lower())
        if holder is not None and holder != app.domain:
            problems.append(
                f"{app.owner_email} is somebody of another company, or of the platform: name another owner."
            )
        if problems:
            refused.append(LineRefused(app.line, " ".join(problems)))
        else:
            apps.append(app)
    return Checked(tuple(apps), tuple(adopted), tuple(sorted(refused, key=lambda one: one.line)))


def adopt_one(
    session: Session,
    app: AdoptedApp,
    pictures: Mapping[tuple[str, str], Picture],
    actor: Actor,
    now: datetime,
    writer: WriteContext,
    seal: Seal,
    guides: Sequence[Guide],
) -> App | None:
    """Stores one App as published, with its company if that is new, and invites its owner. Does not commit.

    Returns None if the slug is there by now: another run may have adopted it. `pictures` has the content of each file
    by its kind and name. Raises Refused if the actor may not adopt.
    """
    if session.scalar(select(App.id).where(App.slug == app.slug)) is not None:
        return None
    organization = _organization(session, app, actor, now, seal)

    def fill(made: App) -> None:
        _fill(session, made, app, pictures, actor, now, seal, guides)

    made = adopt_app(
        session,
        slug=app.slug,
        name=app.name,
        organization_id=organization.id,
        actor=actor,
        now=now,
        writer=writer,
        look_alike=_looks_alike(session, app.slug),
        fill=fill,
    )
    log_action(session, actor, "app.adopt", app.slug, organization=str(organization.id))
    return made


def _problems_with_slug(
    app: AdoptedApp,
    is_taken: bool,
    alike: Collection[str],
    reserved: Mapping[str, str],
    is_allowed: bool,
) -> list[str]:
    skeleton = skeleton_of(app.slug)
    if is_taken:
        return [f"The slug {app.slug} is taken: choose another."]
    if reserved.get(skeleton) == app.slug:
        return [f"The slug {app.slug} is reserved: choose one that names the product."]
    if (skeleton in reserved or skeleton in alike) and not is_allowed:
        return [
            f"The slug {app.slug} looks like another App's or a reserved one: choose one that is clearly different, or "
            f"allow it to the company (PUT /v1/allowed-slugs/{app.slug})."
        ]
    return []


_ALLOWED = text("""
    SELECT s.slug, o.domain FROM allowed_slug s JOIN organization o ON o.id = s.organization_id
     WHERE s.slug = ANY(:slugs)
""")
_TAKEN = text(f"""
    SELECT a.slug, t.trigger, o.domain
      FROM app a
      JOIN transition t ON t.app_id = a.id AND t.version = 1
      JOIN organization o ON o.id = a.organization_id
     WHERE a.slug = ANY(:slugs) OR NOT a.look_alike AND {SKELETON} = ANY(:skeletons)
""")
_PEOPLE = text("""
    SELECT lower(p.email) AS email, coalesce(o.domain, '-') AS domain
      FROM person p LEFT JOIN organization o ON o.id = p.organization_id
     WHERE lower(p.email) = ANY(:emails) AND p.removed_at IS NULL
""")


def _taken_slugs(session: Session, apps: Sequence[AdoptedApp]) -> dict[str, tuple[str, str | None]]:
    """Returns how each App that is in the way was born, and the domain of its company, by slug."""
    slugs = [app.slug for app in apps]
    values = {"slugs": slugs, "skeletons": [skeleton_of(slug) for slug in slugs]}
    return {row.slug: (row.trigger, row.domain) for row in session.execute(_TAKEN, values)}


def _people_with(session: Session, apps: Sequence[AdoptedApp]) -> dict[str, str]:
    """Returns the domain of the company of whoever has an owner's address already, by address."""
    emails = list({app.owner_email.lower() for app in apps})
    return {row.email: row.domain for row in session.execute(_PEOPLE, {"emails": emails})}


def _looks_alike(session: Session, slug: str) -> bool:
    """Returns whether the slug looks like another: it was allowed to the company then, as the check has found."""
    return session.get(AllowedSlug, slug) is not None


def _organization(session: Session, app: AdoptedApp, actor: Actor, now: datetime, seal: Seal) -> Organization:
    known = session.scalar(select(Organization).where(Organization.domain == app.domain))
    if known is None:
        known = Organization(name=app.company, website=app.website, domain=app.domain)
        session.add(known)
        session.flush()
    organization = lock_organization(session, known.id)
    access = session.scalar(
        select(AccessRequest).where(AccessRequest.organization_id == organization.id, AccessRequest.state == "approved")
    )
    if access is None:
        access = _access(organization, app, actor, now)
        session.add(access)
        session.flush()
    invited = select(Invitation.id).where(
        Invitation.organization_id == organization.id, func.lower(Invitation.email) == app.owner_email.lower()
    )
    if session.scalar(invited) is None and not is_member(session, organization.id, app.owner_email):
        invite(
            session,
            organization,
            name=app.owner_name,
            email=app.owner_email,
            by=actor,
            now=now,
            seal=seal,
            access_request_id=access.id,
        )
    return organization


def _access(organization: Organization, app: AdoptedApp, actor: Actor, now: datetime) -> AccessRequest:
    return AccessRequest(
        organization_id=organization.id,
        company_name=app.company,
        website=app.website,
        domain=app.domain,
        contact_name=app.owner_name,
        contact_email=app.owner_email,
        plan=PLAN,
        survey={},
        state="approved",
        due_at=now,
        decided_at=now,
        decided_by=actor.id,
    )


def _fill(
    session: Session,
    made: App,
    app: AdoptedApp,
    pictures: Mapping[tuple[str, str], Picture],
    actor: Actor,
    now: datetime,
    seal: Seal,
    guides: Sequence[Guide],
) -> None:
    for one in app.components:
        session.add(
            Component(app_id=made.id, kind=one.kind, subkind=one.subkind, name=one.name, settings=dict(one.settings))
        )
    ids: dict[tuple[str, str], str] = {}
    by_content: dict[tuple[str, bytes], str] = {}
    for key in app.pictures:
        asset = new_asset(made.id, pictures[key], actor)
        found = by_content.setdefault((asset.kind, asset.sha256), str(asset.id))
        if found == str(asset.id):
            session.add(asset)
        ids[key] = found
    session.flush()
    templates = Templates(guides, frozenset(one.kind for one in app.components))
    for code, given in app.evidence.items():
        evidence = _evidence(given, ids)
        findings = [one.as_dict() for one in findings_on(Requirement(code), evidence, templates)]
        if code == Requirement.TEST_ACCOUNT:
            evidence = change_secrets(evidence, seal)
        session.add(
            ChecklistItem(
                app_id=made.id,
                code=code,
                evidence=evidence,
                findings=findings + _lacks(Requirement(code), evidence),
                lane=fetch_lane(str(evidence.get("url", ""))),
                given_by=actor.id,
                given_at=now,
            )
        )
    session.flush()


def _evidence(given: Mapping[str, Any], ids: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    named: dict[str, Any] = {field: ids[PICTURES[field], given[field]] for field in ("logo", "mark") if field in given}
    if "screenshots" in given:
        named["screenshots"] = list(dict.fromkeys(ids["screenshot", file] for file in given["screenshots"]))
    return {**given, **named}


def _lacks(requirement: Requirement, evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns a finding for the pictures that the App came without, so that its next revision has them."""
    needed = {Requirement.APP_INFO: ("logo", "mark"), Requirement.CATALOG_DETAILS: ("screenshots",)}
    missing = [field for field in needed.get(requirement, ()) if not evidence.get(field)]
    if not missing:
        return []
    detail = f"The App was adopted without: {', '.join(missing)}."
    return [{"code": "asset.missing", "detail": detail, "remedy": "Upload it, and give this evidence again with it."}]
