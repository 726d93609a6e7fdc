"""What keeps a node from starting."""


class StartError(Exception):
    """The machine lacks what a node needs; the message says what to do."""
