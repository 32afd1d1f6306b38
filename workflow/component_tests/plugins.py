"""Plugins that are packages for iOS and Android: the form of their coordinates and versions is looked at. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from models.component_test import TestColour
from workflow.access.domains import company_domain
from workflow.component_tests.runs import CaseResult
from workflow.errors import WorkflowError
from workflow.findings import Finding

PLUGIN_SUITE_VERSION: Final = 1
"""Grows with each change that makes an earlier result of a plugin say something else."""
FORM_ONLY: Final = "plugin.form_only"
"""The code of the finding that only the form of a package's name was looked at."""
_GROUP: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_ARTIFACT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~-]+")
_OLDEST_SDK: Final = 1
_OLDEST: Final = {"ios": 12, "android": 21}
"""The oldest versions of operating systems that the platform's SDKs run on: of iOS, and the API level of Android."""


def judge_package(subkind: str, settings: Mapping[str, Any]) -> CaseResult:
    """Returns the result of looking at the form of a package's coordinates and versions: red, or yellow at best."""
    package = (
        _swift_package(str(settings["package_url"])) if subkind == "ios" else _maven(str(settings["package_name"]))
    )
    faults = [*package, *_versions(subkind, settings)]
    url = settings.get("package_url") or settings.get("package_name")
    form_only = Finding(
        FORM_ONLY,
        f"Only the form of {url} was looked at: the package was not fetched.",
        "You need not do anything: a reviewer looks at the package.",
    )
    return CaseResult(
        code="package",
        colour=TestColour.RED if faults else TestColour.YELLOW,
        event="load",
        url=str(url),
        findings=(*faults, form_only),
    )


def _swift_package(url: str) -> list[Finding]:
    parts = urlsplit(url)
    where = "settings.package_url"
    faults = []
    try:
        company_domain(f"https://{parts.hostname or ''}")
    except WorkflowError as refused:
        faults.append(Finding("plugin.package_host", refused.detail, "Name a repository on a public host.", where))
    segments = parts.path.strip("/").removesuffix(".git").split("/")
    if parts.query or len(segments) < 2 or not all(map(_SEGMENT.fullmatch, segments)):
        detail = f"{url} is no address of a repository, such as https://HOST/OWNER/REPOSITORY."
        faults.append(Finding("plugin.package_path", detail, "Give the address that developers add in Xcode.", where))
    return faults


def _maven(name: str) -> list[Finding]:
    group, _, artifact = name.partition(":")
    where = "settings.package_name"
    faults = []
    if not _GROUP.fullmatch(group) or "." not in group:
        detail = f"{group} is no group: it is a domain of yours in reverse, such as com.acme."
        faults.append(Finding("plugin.package_group", detail, "Give the group under which it is published.", where))
    if not _ARTIFACT.fullmatch(artifact):
        detail = f"{artifact} is no name of an artifact."
        faults.append(Finding("plugin.package_artifact", detail, "Give the artifact's name, without a version.", where))
    return faults


def _versions(subkind: str, settings: Mapping[str, Any]) -> list[Finding]:
    faults = []
    bounds = {"minimum_sdk_version": _OLDEST_SDK, "minimum_os_version": _OLDEST[subkind]}
    for key, oldest in bounds.items():
        given = settings.get(key)
        if given is not None and int(str(given).partition(".")[0]) < oldest:
            detail = f"{given} is older than {oldest}, the oldest version that there is."
            faults.append(
                Finding("plugin.version", detail, "Give the oldest version that you support.", f"settings.{key}")
            )
    return faults
