"""Every check of the doctor, in their order."""

from collections.abc import Iterator
from pathlib import Path

from cli.doctor.check import Check, tried
from cli.doctor.database import check_database
from cli.doctor.disk import check_disk
from cli.doctor.mail import check_mail
from cli.doctor.redis import check_redis
from cli.doctor.settings import check_profile, check_settings
from cli.doctor.tracking import check_address
from runtime.settings import Settings


def examine(settings: Settings, folder: Path) -> Iterator[Check]:
    """Yields the result of each check. A check that cannot be made counts as failed, and the others still follow."""
    yield check_settings(settings)
    yield tried("profile", lambda: check_profile(settings))
    yield from check_database(settings)
    yield tried("redis", lambda: check_redis(settings.redis_url))
    yield tried("tracking", lambda: check_address(settings))
    yield tried("mail", lambda: check_mail(settings))
    yield check_disk(folder)
