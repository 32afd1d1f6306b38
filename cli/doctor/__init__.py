"""`devcenter doctor`: checks everything that an installation needs, and says how to fix what is wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from cli.doctor.check import Check, tried
from cli.doctor.database import check_database
from cli.doctor.mail import check_mail
from cli.doctor.redis import check_redis
from cli.doctor.settings import check_profile, check_settings
from cli.doctor.tracking import check_address
from runtime.settings import Settings

FREE_MB = 500


def examine(settings: Settings, folder: Path) -> Iterator[Check]:
    """Yields the result of each check. A check that cannot be made counts as failed, and the others still follow."""
    yield check_settings(settings)
    yield tried("profile", lambda: check_profile(settings))
    yield from check_database(settings)
    yield tried("redis", lambda: check_redis(settings.redis_url))
    yield tried("tracking", lambda: check_address(settings))
    yield tried("mail", lambda: check_mail(settings))
    yield check_disk(folder)


def check_disk(folder: Path, least_mb: int = FREE_MB) -> Check:
    """Checks whether the disk of `folder` has at least `least_mb` MB of room for data and logs."""
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    remedy = "" if free_mb >= least_mb else f"Free some space for {folder}: {least_mb} MB are needed."
    return Check("disk", f"{free_mb} MB free at {folder}", remedy)
