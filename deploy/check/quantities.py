"""Kubernetes quantities."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_QUANTITY = re.compile(r"^([0-9.]+)([a-zA-Z]*)$")
_UNITS: Mapping[str, float] = MappingProxyType(
    {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
)


def quantity(text: str | float) -> float:
    """A Kubernetes quantity as a number: "500m" is 0.5, "1Gi" is 2**30.

    Raises:
        ValueError: it is none.
    """
    found = _QUANTITY.match(str(text))
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"no quantity: {text}")
    return float(found[1]) * _UNITS[found[2]]
