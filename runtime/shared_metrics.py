"""The folder in which the processes of one worker count together."""

import tempfile

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder. It must be set before `runtime.telemetry` is imported."""


def shared_metrics_folder() -> dict[str, str]:
    """Makes the folder. Returns the environment that names it."""
    return {SHARED_FOLDER: tempfile.mkdtemp(prefix="devcenter-metrics-")}
