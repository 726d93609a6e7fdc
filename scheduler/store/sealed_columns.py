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
#: Stands in a job for a place whose URL can't be had back. No service takes it for one, so what needs it fails: without
#: it the job would end well and have delivered nothing, or have left its overlay image out.
LOST_PLACE = "lost://key"
#: The members of a job that become that. Who was to be told of its end is nobody then, as after any other loss.
NEEDED_MEMBERS = frozenset({"delivery_location", "overlay_image_url"})
#: Columns of JSON in which these members are sealed.
SEALED_JSON = (jobs.c.spec, output_formats.c.parameters)


def sealed_texts() -> list[tuple[Table, ColumnElement[str]]]:
    """Each sealed text as an expression over the rows of its table."""
    whole: list[tuple[Table, ColumnElement[str]]] = [(column.table, column) for column in SEALED_COLUMNS]
    return [*whole, *((held.table, held[name].as_string()) for held in SEALED_JSON for name in SECRET_MEMBERS)]
