"""What an operator is told to do when a server cannot start."""

from pathlib import Path

import pytest

from runtime.embedded.folder import remedy_for


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("FATAL: could not write to file: No space left on device", "The disk is full"),
        ("FATAL: could not extend file: wrote only 4096 bytes\nHINT:  Check free disk space.", "The disk is full"),
        ("initdb: error: could not create directory: Permission denied", "Give /srv/data to the user"),
        ("could not resize shared memory segment", "--shm-size"),
        ("postgres: error while loading shared libraries: libx.so.1", "Install the named library"),
        ("something never seen before", "delete /srv/data and start again"),
    ],
)
def test_a_failed_server_comes_with_a_remedy(output: str, advice: str) -> None:
    assert advice in remedy_for(output, Path("/srv/data"))
