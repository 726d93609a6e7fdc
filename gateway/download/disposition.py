"""The Content-Disposition header of RFC 6266: under which name a client keeps a file."""

from urllib.parse import quote

# What RFC 5987 lets stand unencoded beside letters and digits.
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


def content_disposition(filename: str, mime_type: str) -> str:
    """The header's value. Pictures are shown, all else is saved.

    A name beyond plain ASCII is given twice: for clients of old with what is not ASCII replaced, and whole.
    """
    kind = "inline" if mime_type.startswith("image/") else "attachment"
    plain = "".join(each if _is_plain(each) else "_" for each in filename)
    header = f'{kind}; filename="{plain}"'
    if plain == filename:
        return header
    return f"{header}; filename*=UTF-8''{quote(filename, safe=_ATTRIBUTE_CHARACTERS)}"


def _is_plain(character: str) -> bool:
    # A percent sign and a backslash are read in different ways by different clients.
    return character.isascii() and character.isprintable() and character not in '"\\%'
