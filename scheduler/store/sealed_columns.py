"""Where the database keeps sealed texts: the one list that the renewal of seals and its test go by."""

from sqlalchemy import ColumnElement, Table

from scheduler.store.tables import accounts, ingests, jobs, output_formats

#: Columns that are sealed whole.
SEALED_COLUMNS = (
    ingests.c.source_url,
    ingests.c.ping_url,
    accounts.c.webhook_secret,
    accounts.c.default_ping_url,
    accounts.c.default_delivery_location,
)
#: Members of an output, as it was asked for or settled, that may hold credentials.
SECRET_MEMBERS = ("ping_url", "delivery_location", "overlay_image_url")
#: Columns of JSON in which these members are sealed.
SEALED_JSON = (jobs.c.spec, output_formats.c.parameters)


def sealed_texts() -> list[tuple[Table, ColumnElement[str]]]:
    """Each sealed text as an expression over the rows of its table."""
    whole: list[tuple[Table, ColumnElement[str]]] = [(column.table, column) for column in SEALED_COLUMNS]
    return [*whole, *((held.table, held[name].as_string()) for held in SEALED_JSON for name in SECRET_MEMBERS)]
