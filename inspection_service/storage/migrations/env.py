"""Alembic's entry: runs the revisions on the connection ``migrate`` hands over, so both databases take one path."""

from alembic import context

from inspection_service.storage.tables import metadata

_connection = context.config.attributes["connection"]
context.configure(
    connection=_connection,
    target_metadata=metadata,
    render_as_batch=_connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
