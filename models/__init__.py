"""What is stored: SQLAlchemy models, one file per aggregate, and the guards that the database itself enforces."""

from models.access import AccessContact, AccessRequest, AddressProof, Invitation, WebsiteCheck
from models.app import AllowedSlug, App
from models.asset import Asset
from models.audit import AuditEntry, IdempotencyKey
from models.base import Base
from models.catalog import CatalogEntry
from models.checklist import ChecklistItem
from models.component import Component
from models.component_test import ComponentTest, ComponentTestResult, ComponentTestSettings, UsedHost
from models.conversation import InternalNote, ReviewDraft, ReviewMessage, UnreadMessages
from models.draft_check import DraftCheck
from models.due import FailingLane
from models.history_key import HistoryKey
from models.history_segment import HistorySegment
from models.host_proof import HostProof
from models.job import JobTick
from models.live import GracePeriod, Suspension
from models.membership import Membership
from models.notification import Notification
from models.organization import Organization, Person
from models.policy import PolicyVersion
from models.preview import PreviewLink
from models.publication import PlannedPublication
from models.request import ApplyBatch, RejectedMessage, RestingApp, TransitionRequest
from models.review import Review, ReviewStep, Submission
from models.sandbox import SandboxDeclared, SandboxEvent
from models.saved_reason import SavedReason
from models.token import ApiToken, PersonIdentity, Service, SignInLink
from models.transition import Transition, TransitionReason
from models.usage import Customer, OAuthInstall

__all__ = [
    "AccessContact",
    "AccessRequest",
    "AddressProof",
    "AllowedSlug",
    "ApiToken",
    "App",
    "ApplyBatch",
    "Asset",
    "AuditEntry",
    "Base",
    "CatalogEntry",
    "ChecklistItem",
    "Component",
    "ComponentTest",
    "ComponentTestResult",
    "ComponentTestSettings",
    "Customer",
    "DraftCheck",
    "FailingLane",
    "GracePeriod",
    "HistoryKey",
    "HistorySegment",
    "HostProof",
    "IdempotencyKey",
    "InternalNote",
    "Invitation",
    "JobTick",
    "Membership",
    "Notification",
    "OAuthInstall",
    "Organization",
    "Person",
    "PersonIdentity",
    "PlannedPublication",
    "PolicyVersion",
    "PreviewLink",
    "RejectedMessage",
    "RestingApp",
    "Review",
    "ReviewDraft",
    "ReviewMessage",
    "ReviewStep",
    "SandboxDeclared",
    "SandboxEvent",
    "SavedReason",
    "Service",
    "SignInLink",
    "Submission",
    "Suspension",
    "Transition",
    "TransitionReason",
    "TransitionRequest",
    "UnreadMessages",
    "UsedHost",
    "WebsiteCheck",
]
