"""The OpenAPI description is true: no call gets a 5xx or an undeclared answer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.lifecycle import Role
from tests.api.matrix import CALLS, PUBLIC
from tests.api.running import Service
from tests.api.service import Caller
from tests.journeys import app_building, apps_in_public_beta, people_in, token_of
from tests.servers import ROOT

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


METHODS = '[phases.coverage]\nunexpected-methods = ["TRACE"]\n'
"""Of the methods that a route does not have, the one that it is called with: one router refuses them all."""


ENDS_TOKENS = "DELETE /v1/tokens/{token_id}"
"""The call that finds the ids of the caller's own tokens in earlier answers, and ends them."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("roles", [(Role.PARTNER,), (Role.REVIEWER, Role.SERVICE, Role.ADMIN)], ids=",".join)
def test_schemathesis_finds_no_server_error_and_no_undeclared_answer(
    service: Service, roles: tuple[Role, ...], tmp_path: Path
) -> None:
    app_building(service.engine, service.people, "acme-building")
    apps_in_public_beta(service.engine, service.people, ["acme"])
    others = people_in(service.engine, "Others")
    assert service.nobody("GET", "/openapi.json", timeout_s=120).ok  # it is built once, which is slow
    for role in roles:
        caller: Caller = getattr(service, role.value)
        spare = token_of(service.engine, getattr(others, role.value))
        run = subprocess.run(
            _command(service.url, role, caller.token, _configuration(tmp_path, spare)),
            capture_output=True,
            text=True,
            timeout=480,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "NO_COLOR": "1",
                "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),  # tables of characters, slow to make anew
            },
            check=False,
        )
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        assert caller("GET", "/v1/apps?limit=1").status_code == 200, "the caller was shut out before the end"


def _command(url: str, role: Role, token: str | None, configuration: Path) -> list[str]:
    return [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={configuration}",
        "run",
        f"{url}/openapi.json",
        f"--checks={CHECKS}",
        "--mode=all",
        "--phases=examples,coverage,fuzzing,stateful",
        "--max-examples=3",
        "--seed=7",
        "--request-timeout=20",
        "--suppress-health-check=all",
        "--generation-database=none",
        *(f"--include-name={route}" for route in _routes_of(role)),
        "-H",
        f"Authorization: Bearer {token}",
    ]


def _configuration(folder: Path, spare: str) -> Path:
    """Returns a file that says which cases are sent, and how some calls differ from the others.

    200 may be the answer of ITEM_BY_ITEM to a wrong item; `test_refusals` looks inside it. ENDS_TOKENS is called with
    the token `spare`, of somebody else.
    """
    statuses = '["200", "400", "401", "403", "404", "406", "415", "422", "429", "5xx"]'
    parts = [
        f'[[operations]]\ninclude-name = "{name}"\nchecks.negative_data_rejection.expected-statuses = {statuses}\n'
        for name in ITEM_BY_ITEM
    ]
    parts.append(f'[[operations]]\ninclude-name = "{ENDS_TOKENS}"\nheaders = {{ Authorization = "Bearer {spare}" }}\n')
    hooks = f'hooks = "{ROOT / "tests" / "api" / "fewer_cases.py"}"\n'
    path = folder / "schemathesis.toml"
    path.write_text("\n".join([hooks, METHODS, *parts]))
    return path


def _routes_of(role: Role) -> list[str]:
    """Returns the routes to test as this role: each as the first that may call it, and as a partner if all may.

    How a value is refused does not depend on the role. `test_matrix` compares the answers to all roles with what is
    described.
    """
    order = (Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN)
    routes = [call.route for call in CALLS if role is min(call.roles, key=order.index)]
    return [*routes, *sorted(PUBLIC)] if role is Role.PARTNER else routes
