"""Texts that may hold credentials, encrypted as the database keeps them.

Whoever writes such a text seals it, whoever needs its secret opens it, in the transaction that it holds. What is sealed
can be asked for being empty, and nothing else. A sealed text says by which key: `sealed:1:KEY_ID:TOKEN`, where TOKEN is
Fernet's (AES-128-CBC with HMAC-SHA256, https://github.com/fernet/spec) and KEY_ID the first digits of a hash of the
key. A text that does not begin so was stored before there was encryption and is read as it is.
"""

import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from scheduler.errors import SealError

#: How every sealed text begins; no URL and no webhook secret does.
PREFIX = "sealed:1:"
#: The execution option by which a connection carries its database's sealer.
SEALER_OPTION = "reelyard_sealer"

#: Characters of what tells keys apart.
KEY_ID_DIGITS = 12


class Sealer:
    """Encrypts with the first of its keys and decrypts with whichever a text names.

    Args:
        keys: 32 random bytes each, in base64 for URLs; at least one.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._ciphers = {_key_id(key): Fernet(key) for key in keys}
        self._first = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self._ciphers)})"

    @property
    def prefix(self) -> str:
        """How a text begins that the first key sealed."""
        return prefix_of(self._first)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """What tells its keys apart; the first encrypts."""
        return tuple(self._ciphers)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """How the texts begin that can be opened."""
        return tuple(prefix_of(key_id) for key_id in self._ciphers)

    def seal(self, text: str) -> str:
        """The text, encrypted; an empty one stays empty."""
        return self.prefix + self._ciphers[self._first].encrypt(text.encode()).decode() if text else ""

    def unseal(self, stored: str) -> str:
        """The text that was sealed, or that was stored before there was encryption.

        Raises:
            SealError: the key that sealed it is not among these, or what is stored was damaged.
        """
        if not stored.startswith(PREFIX):
            return stored
        key_id, _, token = stored.removeprefix(PREFIX).partition(":")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError(
                f"the database holds texts that the key {key_id} encrypted, which is not in REELYARD_SECRET_KEY"
                f" (there: {', '.join(self._ciphers)})"
            )
        try:
            return cipher.decrypt(token).decode()
        except InvalidToken:
            raise SealError(f"a text that the key {key_id} encrypted was damaged in the database") from None


def seal(conn: Connection, text: str) -> str:
    """The text as it may be stored; an empty one stays empty.

    Raises:
        SealError: the database was opened without a key.
    """
    return _sealer(conn).seal(text) if text else ""


def unseal(conn: Connection, stored: str) -> str:
    """The text that was sealed.

    Raises:
        SealError: the database was opened without a key, or without the one that sealed it.
    """
    return _sealer(conn).unseal(stored) if stored.startswith(PREFIX) else stored


def sealer_of(conn: Connection) -> Sealer | None:
    """What the connection's database was opened with."""
    found: Sealer | None = conn.get_execution_options().get(SEALER_OPTION)
    return found


def new_secret_key() -> str:
    """A key for REELYARD_SECRET_KEY."""
    return Fernet.generate_key().decode()


def _sealer(conn: Connection) -> Sealer:
    found = sealer_of(conn)
    if found is None:
        raise SealError("no key is set that encrypts stored credentials: set REELYARD_SECRET_KEY")
    return found


def _key_id(key: str) -> str:
    """Tells keys apart and nothing about them."""
    return hashlib.sha256(b"reelyard key id\0" + key.encode()).hexdigest()[:KEY_ID_DIGITS]


def prefix_of(key_id: str) -> str:
    """How the texts begin that a key sealed."""
    return f"{PREFIX}{key_id}:"
