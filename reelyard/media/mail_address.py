"""The addresses that mails may go to: one plain address, as it stands in an envelope.

RFC 5321 with the forms left out that nobody types: quoted local parts, comments, addresses in brackets. Non-ASCII
names are refused too, since not every mail server on the way takes them.
"""

import re

from reelyard.media.errors import SpecError

#: Characters of an address and of the part before the @ (RFC 5321, 4.5.3.1).
MAX_ADDRESS, MAX_LOCAL = 254, 64

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_VALID = "valid is one address, like ops@example.com"
_SHOWN = 80


def why_no_address(text: str) -> str:
    """What is wrong with a mail address, as half a sentence about "it"; "" when nothing is."""
    if len(text) > MAX_ADDRESS:
        return f"has {len(text)} characters, at most {MAX_ADDRESS} are valid"
    if any(mark in text for mark in ",; \t\r\n"):
        return "is more than one address, or holds white space"
    if not text.isascii():
        return "holds a character outside ASCII; write the domain in its xn-- form"
    local, at, domain = text.rpartition("@")
    if not at or len(local) > MAX_LOCAL or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return "is no mail address"
    return ""


def check_mail_address(field: str, address: str | None) -> None:
    """Refuse what is not one mail address; unset is fine.

    Raises:
        SpecError: saying what is wrong with it.
    """
    wrong = why_no_address(address) if address else ""
    if wrong:
        raise SpecError(field, f"{{{field}}} {str(address)[:_SHOWN]!r} {wrong}; {_VALID}")
