"""One page of a list, as every list call of the scheduler takes it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, select

from reelyard.cluster.views import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from reelyard.media.errors import ErrorCode, SpecError


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which part of a list; a number of 1 is the first page.

    Raises:
        SpecError: the size or the number is out of range.
    """

    size: int = PAGE_SIZE_DEFAULT
    number: int = 1

    def __post_init__(self) -> None:
        if self.size > PAGE_SIZE_MAX:
            raise SpecError(
                "page_size",
                f"{{page_size}} is {self.size}; the most is {PAGE_SIZE_MAX}",
                code=ErrorCode.PAGE_SIZE_MORE_THAN_MAX,
            )
        if self.size < 1:
            raise SpecError("page_size", f"{{page_size}} is {self.size}; valid are 1 to {PAGE_SIZE_MAX}")
        if self.number < 1:
            raise SpecError("page_number", f"{{page_number}} is {self.number}; the first page is 1")

    @property
    def offset(self) -> int:
        """How many entries come before the page."""
        return (self.number - 1) * self.size

    def ids(self, conn: Connection, table: Table, *listed: ColumnElement[bool]) -> list[int]:
        """The IDs of the page's entries, the newest first.

        They are asked for before the entries, by the index alone: else the database would read, join and sort every
        entry before the page, or without fresh statistics the whole list.
        """
        query = select(table.c.id).where(*listed).order_by(table.c.id.desc())
        return list(conn.execute(query.limit(self.size).offset(self.offset)).scalars())
