"""The output formats that a request may name: the built-in presets (later an account's own, too)."""

from reelyard.cluster.views import FormatListView
from reelyard.media.output import OutputFormat
from reelyard.media.presets import PRESETS, preset
from scheduler.errors import FormatNotFoundError
from scheduler.usecases.paging import Page


def get_format(format_id: int) -> OutputFormat:
    """The output format of this ID.

    Raises:
        FormatNotFoundError: there is none.
    """
    found = preset(format_id)
    if found is None:
        raise FormatNotFoundError(f"there is no output format {format_id}")
    return found


def list_formats(page: Page) -> FormatListView:
    """A page of the output formats, by ID."""
    return FormatListView(formats=tuple(PRESETS[page.offset : page.offset + page.size]), total=len(PRESETS))
