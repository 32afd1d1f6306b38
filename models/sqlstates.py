"""What each error of Postgres says: one table from SQLSTATEs to the faults that the code distinguishes.

Postgres' appendix A lists the classes. A test holds that every class that the driver knows has a decision here.
"""

from enum import StrEnum

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Fault(StrEnum):
    """What an error of the database means for whoever executed the statement.

    `value`: the statement's values. `slow`: the statement itself took too long. `defect`: the statement is wrong.
    Every other fault is one of the surroundings, and the same statement may succeed later:
    `conflict`: a deadlock or a serialization failure. `locked`: another transaction held a lock for too long.
    `cancelled`: somebody cancelled the statement. `exhausted`: no disk, memory or connection was left. `away`: the
    connection broke or was never made. `unfit`: the connection's prepared state no longer fits the database.
    `read_only`: the database takes no writes. `schema`: the database lacks what the code expects. `forbidden`: the role
    may not do this. `broken`: Postgres itself failed.
    """

    VALUE = "value"
    SLOW = "slow"
    DEFECT = "defect"
    CONFLICT = "conflict"
    LOCKED = "locked"
    CANCELLED = "cancelled"
    EXHAUSTED = "exhausted"
    AWAY = "away"
    UNFIT = "unfit"
    READ_ONLY = "read_only"
    SCHEMA = "schema"
    FORBIDDEN = "forbidden"
    BROKEN = "broken"


FAULT_OF_CLASS: dict[str, Fault] = {
    "02": Fault.DEFECT,  # no data
    "03": Fault.DEFECT,  # SQL statement not yet complete
    "08": Fault.AWAY,  # connection exception
    "09": Fault.DEFECT,  # triggered action exception
    "0A": Fault.DEFECT,  # feature not supported
    "0B": Fault.DEFECT,  # invalid transaction initiation
    "0F": Fault.DEFECT,  # locator exception
    "0L": Fault.DEFECT,  # invalid grantor
    "0P": Fault.DEFECT,  # invalid role specification
    "0Z": Fault.DEFECT,  # diagnostics exception
    "10": Fault.VALUE,  # XQuery error
    "20": Fault.DEFECT,  # case not found
    "21": Fault.VALUE,  # cardinality violation: a list names one thing twice
    "22": Fault.VALUE,  # data exception
    "23": Fault.VALUE,  # integrity constraint violation
    "24": Fault.DEFECT,  # invalid cursor state
    "25": Fault.DEFECT,  # invalid transaction state
    "26": Fault.UNFIT,  # invalid SQL statement name: a prepared statement is gone
    "27": Fault.DEFECT,  # triggered data change violation
    "28": Fault.FORBIDDEN,  # invalid authorization specification
    "2B": Fault.DEFECT,  # dependent privilege descriptors still exist
    "2D": Fault.DEFECT,  # invalid transaction termination
    "2F": Fault.DEFECT,  # SQL routine exception
    "34": Fault.DEFECT,  # invalid cursor name
    "38": Fault.DEFECT,  # external routine exception
    "39": Fault.DEFECT,  # external routine invocation exception
    "3B": Fault.DEFECT,  # savepoint exception
    "3D": Fault.FORBIDDEN,  # invalid catalog name: the database does not exist
    "3F": Fault.SCHEMA,  # invalid schema name
    "40": Fault.CONFLICT,  # transaction rollback
    "42": Fault.SCHEMA,  # syntax error or access rule violation
    "44": Fault.VALUE,  # WITH CHECK OPTION violation
    "53": Fault.EXHAUSTED,  # insufficient resources
    "54": Fault.VALUE,  # program limit exceeded
    "55": Fault.LOCKED,  # object not in prerequisite state
    "57": Fault.AWAY,  # operator intervention
    "58": Fault.EXHAUSTED,  # system error: I/O
    "72": Fault.CONFLICT,  # snapshot failure
    "F0": Fault.BROKEN,  # configuration file error
    "HV": Fault.DEFECT,  # foreign data wrapper error
    "P0": Fault.DEFECT,  # PL/pgSQL error
    "XX": Fault.BROKEN,  # internal error
}
FAULT_OF_STATE: dict[str, Fault] = {
    "25006": Fault.READ_ONLY,  # the database, or the server after a failover
    "25P03": Fault.AWAY,  # the server ended the connection: its transaction was idle for too long
    "25P04": Fault.AWAY,  # the server ended the connection: its transaction took too long
    "40002": Fault.VALUE,  # a deferred constraint
    "40003": Fault.AWAY,  # whether the statement was executed is unknown
    "42501": Fault.FORBIDDEN,
    "42601": Fault.VALUE,  # the code's own syntax is tested: what remains is that of a search or a pattern
    "42602": Fault.VALUE,  # invalid name
    "42622": Fault.VALUE,  # name too long
    "42P05": Fault.UNFIT,  # a prepared statement of this name is there already
    "57014": Fault.SLOW,  # unless the message says who cancelled it: see `fault_of`
    "58P01": Fault.BROKEN,  # a file of the database is missing
    "58P02": Fault.BROKEN,
}
"""States whose fault differs from that of their class."""

OWN_FAULTS = frozenset({Fault.VALUE, Fault.SLOW, Fault.DEFECT})
"""What the statement brings about by itself: it would fail again."""
ENDS_CONNECTION = frozenset({Fault.AWAY, Fault.UNFIT, Fault.READ_ONLY, Fault.SCHEMA, Fault.FORBIDDEN, Fault.BROKEN})
"""Faults after which the connection is closed, because a new one may not have them: the server may be another by now,
and prepared statements, the search path and the role's settings belong to a connection."""

_CACHED_PLAN = ("cached plan must not change result type", "RevalidateCachedQuery")
"""What Postgres says of a plan that no longer fits, and the function in which it does: its words are translated."""
_LOST_RELATION = "cache lookup failed"
_TOO_MUCH = ("stack too small", "invalid memory alloc request size")
"""Limits that a value has reached although Postgres calls them internal errors."""
_CANCELLED_BY = ("user request", "autovacuum", "conflict with recovery")


def fault_of_state(sqlstate: str, message: str = "", function: str = "") -> Fault:
    """Returns the fault of an SQLSTATE; `message` distinguishes the few cases that share a state.

    `function` is the function of Postgres that reports the error. Only who cancelled a statement cannot be told from a
    message in another language than English.
    """
    if sqlstate == "0A000" and (_CACHED_PLAN[0] in message or function == _CACHED_PLAN[1]):
        return Fault.UNFIT
    if sqlstate == "57014" and any(by in message for by in _CANCELLED_BY):
        return Fault.CANCELLED
    if sqlstate == "XX000" and _LOST_RELATION in message:
        return Fault.UNFIT
    if sqlstate == "XX000" and any(limit in message for limit in _TOO_MUCH):
        return Fault.VALUE
    return FAULT_OF_STATE.get(sqlstate) or FAULT_OF_CLASS.get(sqlstate[:2], Fault.DEFECT)


def fault_of(error: BaseException) -> Fault | None:
    """Returns the fault that an error of SQLAlchemy or psycopg stands for, or None for an error of anything else."""
    if isinstance(error, PoolTimeout):
        return Fault.EXHAUSTED
    if isinstance(error, DBAPIError):
        if error.connection_invalidated and getattr(error.orig, "sqlstate", None) is None:
            return Fault.AWAY
        return fault_of(error.orig) if error.orig is not None else Fault.DEFECT
    if not isinstance(error, psycopg.Error):
        return None
    if error.sqlstate is not None:
        return fault_of_state(error.sqlstate, str(error), error.diag.source_function or "")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Fault.AWAY
    return Fault.VALUE if isinstance(error, psycopg.DataError) else Fault.DEFECT


def ends_connection(error: BaseException) -> bool:
    """Returns whether the connection that the error came from must not be used again."""
    return fault_of(error) in ENDS_CONNECTION


def spoils_all_connections(error: BaseException) -> bool:
    """Returns whether all connections that are as old as the error's are probably no better."""
    return fault_of(error) in (Fault.AWAY, Fault.UNFIT, Fault.READ_ONLY)
