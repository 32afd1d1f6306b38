"""Whether the current policy has all review steps that this release knows."""

from sqlalchemy.orm import Session

from cli.doctor.check import Check
from models.steps import STEPS
from workflow.policy.document import load_policies


def check_policy(session: Session) -> Check:
    """Names the review steps that the current policy lacks. That is no failure: a policy may do without them."""
    policy = load_policies(session).current
    lacking = [code for code in STEPS if code not in policy.review_steps]
    if not lacking:
        return Check("policy", f"version {policy.version}, with every review step")
    return Check(
        "policy",
        f"version {policy.version}, without the review steps {', '.join(lacking)}; to use them, publish a version that "
        "has them in review_steps (POST /v1/policies), and in observed too, to try them without blocking anybody",
    )
