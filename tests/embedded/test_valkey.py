"""The embedded Valkey: what it provides, keeps and refuses."""

import socket
import stat
from pathlib import Path

import psutil
import pytest
import redis

from runtime.embedded.errors import EmbeddedError
from runtime.embedded.processes import LOOPBACK, port_is_free
from runtime.embedded.valkey import EmbeddedValkey


def test_a_restart_keeps_the_data_and_the_url(valkey: EmbeddedValkey) -> None:
    url = valkey.start()
    with redis.Redis.from_url(url) as client:
        client.set("kept", 7)

    valkey.stop()
    assert valkey.start() == url

    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"7"


def test_a_kill_loses_nothing_that_was_answered(valkey: EmbeddedValkey) -> None:
    url = valkey.start()
    with redis.Redis.from_url(url) as client:
        client.set("kept", 7)

    valkey.kill()
    assert not valkey.running
    assert valkey.start() == url

    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"7"


def test_a_flush_empties_every_database(valkey: EmbeddedValkey) -> None:
    url = valkey.start()
    with redis.Redis.from_url(url) as first, redis.Redis.from_url(f"{url[:-1]}3") as other:
        first.set("a", 1)
        other.set("b", 1)

        valkey.flush()

        assert (first.dbsize(), other.dbsize()) == (0, 0)


def test_flushing_a_stopped_server_says_to_start_it(valkey: EmbeddedValkey) -> None:
    valkey.start()
    valkey.stop()

    with pytest.raises(EmbeddedError, match="Start it first"):
        valkey.flush()


def test_nothing_is_evicted_and_every_write_is_logged(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.start(), decode_responses=True) as client:
        wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "bind": LOOPBACK}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_no_password_or_a_wrong_one_is_refused(valkey: EmbeddedValkey) -> None:
    url = valkey.start()
    port = url.split("@")[1]

    for wrong in (f"redis://{port}", f"redis://:wrong@{port}"):
        with redis.Redis.from_url(wrong) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_only_the_owner_of_the_folder_can_read_the_password(valkey: EmbeddedValkey, folder: Path) -> None:
    password = valkey.start().split(":")[2].split("@")[0]
    holders = [path for path in folder.iterdir() if path.is_file() and password in path.read_text()]

    assert {path.name for path in holders} == {"valkey.json", "valkey.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}
    assert password not in " ".join(psutil.Process(valkey.pid).cmdline())


def test_no_other_user_can_read_the_data_though_the_folder_was_there_and_open(
    valkey: EmbeddedValkey, folder: Path
) -> None:
    folder.mkdir(mode=0o755)
    valkey.start()

    assert [path for path in folder.rglob("*") if path.stat().st_mode & 0o077] == []


def test_a_port_that_was_taken_in_the_meantime_is_replaced(valkey: EmbeddedValkey) -> None:
    first = valkey.start()
    valkey.stop()

    with socket.create_server((LOOPBACK, int(first.split(":")[3].split("/")[0]))):
        second = valkey.start()

    assert second != first
    with redis.Redis.from_url(second) as client:
        assert client.ping()


def test_a_setting_that_valkey_refuses_is_shown_in_its_own_words(folder: Path) -> None:
    server = EmbeddedValkey(folder, settings={"maxmemory-policy": "perhaps"})

    with pytest.raises(EmbeddedError, match="must be one of the following"):
        server.start()

    assert not server.running


def test_nothing_listens_after_a_stop(valkey: EmbeddedValkey) -> None:
    port = int(valkey.start().split(":")[3].split("/")[0])
    assert not port_is_free(port)

    valkey.stop()

    assert port_is_free(port)
