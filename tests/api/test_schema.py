"""The OpenAPI description is true: no call gets a 5xx or an undeclared answer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.lifecycle import Role
from tests.api.matrix import CALLS, PUBLIC
from tests.api.running import Service
from tests.journeys import app_building, apps_in_public_beta

CHECKS = ",".join(
    (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "missing_required_header",
        "unsupported_method",
        "allow_header_conformance",
        "use_after_free",
        "ensure_resource_availability",
        "ignored_auth",
    )
)
"""All that are of use here; `positive_data_acceptance` is not: what exists and what may be is not in the schema."""


ITEM_BY_ITEM = ("POST /v1/transition-requests", "POST /v1/usage")
"""Calls that refuse the wrong items of a list one by one, with 422 each, in an answer whose own status is 200."""


METHODS = '[phases.coverage]\nunexpected-methods = ["PATCH", "TRACE"]\n'
"""Of the methods that a route does not have, those that it is called with: one router refuses them all."""


@pytest.mark.parametrize("role", ["partner", "reviewer", "service", "admin"])
def test_schemathesis_finds_no_server_error_and_no_undeclared_answer(
    service: Service, role: str, tmp_path: Path
) -> None:
    app_building(service.engine, service.people, "acme-building")
    apps_in_public_beta(service.engine, service.people, ["acme"])
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={_configuration(tmp_path)}",
        "run",
        f"{service.url}/openapi.json",
        f"--checks={CHECKS}",
        "--mode=all",
        "--phases=examples,coverage,fuzzing,stateful",
        "--max-examples=5",
        "--seed=7",
        "--request-timeout=20",
        "--suppress-health-check=all",
        "--generation-database=none",
        *(f"--include-name={route}" for route in _routes_of(Role(role))),
        "-H",
        f"Authorization: Bearer {getattr(service, role).token}",
    ]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def _configuration(folder: Path) -> Path:
    """Returns a file that lets 200 be the answer of ITEM_BY_ITEM to a wrong item; `test_refusals` looks inside it."""
    statuses = '["200", "400", "401", "403", "404", "406", "415", "422", "429", "5xx"]'
    parts = [
        f'[[operations]]\ninclude-name = "{name}"\nchecks.negative_data_rejection.expected-statuses = {statuses}\n'
        for name in ITEM_BY_ITEM
    ]
    path = folder / "schemathesis.toml"
    path.write_text("\n".join([METHODS, *parts]))
    return path


def _routes_of(role: Role) -> list[str]:
    """Returns the routes to test as this role. The matrix holds what all other callers are answered.

    Routes for both reviewers and admins are tested as a reviewer. Routes that need no token are tested as a partner.
    """
    routes = [call.route for call in CALLS if role in call.roles]
    if role is Role.ADMIN:
        return [call.route for call in CALLS if role in call.roles and Role.REVIEWER not in call.roles]
    return [*routes, *sorted(PUBLIC)] if role is Role.PARTNER else routes
