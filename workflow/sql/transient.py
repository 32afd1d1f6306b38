"""Telling transient database errors from those that the same statement would cause again."""

from models.sqlstates import OWN_FAULTS, fault_of


def is_transient(error: BaseException) -> bool:
    """Returns whether the error is transient, so that the same work may be tried again any number of times.

    It is, unless the statement itself brought it about: by its values, by taking too long, or by being wrong.
    """
    fault = fault_of(error)
    return fault is not None and fault not in OWN_FAULTS
