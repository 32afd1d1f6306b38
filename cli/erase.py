"""`devcenter erase`: erases a person's name and addresses."""

from cli.place import database_now, unit_of_work
from workflow.identity.actors import COMMAND_LINE
from workflow.operating.erasing import Erasure, erase_person


def erase_here(database_url: str, who: str) -> Erasure:
    """Erases the person with this id or address. Commits. Raises NotFound, and Conflict for somebody with duties."""
    with unit_of_work(database_url) as session:
        return erase_person(session, who, COMMAND_LINE, database_now(session))
