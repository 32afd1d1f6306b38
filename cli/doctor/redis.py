"""Whether Redis or Valkey answers, is new enough, and keeps what it is given."""

from typing import TYPE_CHECKING, Any

from cli.doctor.check import Check

if TYPE_CHECKING:
    import redis

REDIS_MAJOR = 7
ANSWER_SECONDS = 5
KEEPS_ALL = "noeviction"
_TRIED = "devcenter:doctor"
_ALLOW = (
    "If its memory is full, give it more. If it is the user of REDIS_URL who may not do this, allow every command, key "
    "and channel: ACL SETUSER name on >password ~* &* +@all."
)


def check_redis(url: str) -> Check:
    """Checks whether Redis or Valkey answers and fits. Raises redis.RedisError."""
    import redis

    client = redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
    try:
        found = _told(client.info())
        if found.fine:
            _use(client)
    except redis.ResponseError as error:
        if "HELLO" in str(error):
            raise  # it is too old, and `cli.explaining` says so
        return Check("redis", f"the server refuses what the service needs of it: {error}", _ALLOW)
    finally:
        client.close()
    return found


def _told(said: dict[str, Any]) -> Check:
    """Checks what a server says of itself."""
    is_valkey = "valkey_version" in said
    version = str(said.get("valkey_version") or said.get("redis_version", "0"))
    found = f"{'Valkey' if is_valkey else 'Redis'} {version}"
    if int(version.partition(".")[0]) < REDIS_MAJOR:
        return Check("redis", f"{found} is too old", f"Use Redis {REDIS_MAJOR} or newer, or any Valkey, in REDIS_URL.")
    return _fits(found, said)


def _use(client: "redis.Redis") -> None:
    """Does once what the processes do: writes a key that ends by itself, runs a script, rings. Raises ResponseError."""
    client.set(_TRIED, "1", ex=ANSWER_SECONDS)
    client.eval("return redis.call('get', KEYS[1])", 1, _TRIED)
    client.publish(_TRIED, "1")


def _fits(found: str, said: dict[str, Any]) -> Check:
    """Checks whether it takes writes and loses none. Messages of other services are only there until they are read."""
    policy, bound = str(said.get("maxmemory_policy", KEEPS_ALL)), int(said.get("maxmemory", 0))
    if bound and policy != KEEPS_ALL:
        return Check(
            "redis",
            f"{found} throws keys away when its memory is full (maxmemory-policy {policy}): accepted messages vanish",
            f"Set maxmemory-policy {KEEPS_ALL}: a full Redis then refuses messages, and their sender learns of it.",
        )
    if said.get("role") in ("slave", "replica"):
        return Check("redis", f"{found} is a replica, which takes no writes", "Name the primary in REDIS_URL.")
    if said.get("cluster_enabled"):
        return Check(
            "redis", f"{found} is a cluster", "Use a single Redis or Valkey: a queue's keys are in many slots."
        )
    if said.get("loading"):
        return Check("redis", f"{found} is still loading its data", "Wait until it is done.")
    if said.get("rdb_last_bgsave_status", "ok") != "ok" or said.get("aof_last_write_status", "ok") != "ok":
        return Check(
            "redis",
            f"{found} could not write its data to disk, and may refuse writes",
            "Read its log: its disk may be full or not writable.",
        )
    kept = "keeps its data on disk" if said.get("aof_enabled") or _saves(said) else "keeps its data in memory only"
    return Check("redis", f"{found}, {kept}")


def _saves(said: dict[str, Any]) -> bool:
    return int(said.get("rdb_saves", 0)) > 0 or bool(said.get("rdb_changes_since_last_save") == 0)
