"""Where the database keeps sealed texts: the one list that the renewal of seals and its test go by."""

from sqlalchemy import ColumnElement, Table

from scheduler.store.tables import accounts, ingests, jobs

#: Columns that are sealed whole.
SEALED_COLUMNS = (ingests.c.source_url, accounts.c.webhook_secret)
#: Members of OutputSpec that are sealed inside `jobs.spec`.
SEALED_IN_SPEC = ("ping_url", "delivery_location", "overlay_image_url")


def sealed_texts() -> list[tuple[Table, ColumnElement[str]]]:
    """Each sealed text as an expression over the rows of its table."""
    whole: list[tuple[Table, ColumnElement[str]]] = [(column.table, column) for column in SEALED_COLUMNS]
    return [*whole, *((jobs, jobs.c.spec[name].as_string()) for name in SEALED_IN_SPEC)]
