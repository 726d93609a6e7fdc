"""The output formats that a request may name: the built-in ones, then the account's own."""

from sqlalchemy import func, select

from reelyard.cluster.views import FormatListView
from reelyard.media.output import OutputFormat
from reelyard.media.presets import PRESETS
from scheduler.errors import FormatNotFoundError
from scheduler.store.database import Database
from scheduler.store.format_queries import find_formats, format_of, own_formats
from scheduler.store.tables import output_formats
from scheduler.usecases.formats import shown
from scheduler.usecases.paging import Page


def get_format(db: Database, account_id: int, format_id: int) -> OutputFormat:
    """The output format of this ID, as it may be shown.

    Raises:
        FormatNotFoundError: the account can't name one with it; another account's looks the same.
    """
    with db.read() as conn:
        found = find_formats(conn, account_id, [format_id]).get(format_id)
    if found is None:
        raise FormatNotFoundError(f"there is no output format {format_id}")
    return shown(found)


def list_formats(db: Database, account_id: int, page: Page) -> FormatListView:
    """A page of the output formats, by ID: the built-in ones have the smallest."""
    built_in = PRESETS[page.offset : page.offset + page.size]
    mine = output_formats.c.account_id == account_id
    with db.read() as conn:
        total = conn.execute(select(func.count()).select_from(output_formats).where(mine)).scalar_one()
        rows = conn.execute(
            own_formats(account_id)
            .order_by(output_formats.c.id)
            .offset(max(0, page.offset - len(PRESETS)))
            .limit(page.size - len(built_in))
        )
        own = tuple(shown(format_of(conn, row)) for row in rows)
    return FormatListView(formats=(*built_in, *own), total=len(PRESETS) + total)
