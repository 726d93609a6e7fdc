"""What a check says: where, and what is wrong there."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong, in words that say what to change."""

    where: str  # "prod: Deployment/reelyard-gateway"
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
