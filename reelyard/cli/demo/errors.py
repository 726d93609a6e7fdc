"""Why a demonstration ended without its results."""


class DemoError(Exception):
    """Something went wrong; the message says what, and what to do where that is known."""
