"""Alembic's entry point: runs migrations on the connection it is handed, or on one to the owner's database."""

from alembic import context
from sqlalchemy import Connection

from migrations.run import locked_connection
from models import Base
from runtime.settings import load_settings


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    handed = context.config.attributes.get("connection")
    if handed is not None:
        _migrate(handed)
    else:
        with locked_connection(load_settings().owner_url) as connection:
            _migrate(connection)
