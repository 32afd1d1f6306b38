"""Whether the disk has room."""

import shutil
from pathlib import Path

from cli.doctor.check import Check

FREE_MB = 500


def check_disk(folder: Path, least_mb: int = FREE_MB) -> Check:
    """Checks whether the disk of `folder` has at least `least_mb` MB of room for data and logs."""
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    remedy = "" if free_mb >= least_mb else f"Free some space for {folder}: {least_mb} MB are needed."
    return Check("disk", f"{free_mb} MB free at {folder}", remedy)
