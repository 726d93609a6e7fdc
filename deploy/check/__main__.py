"""`python -m deploy.check`: every check over every overlay; exit status 1 when something is wrong."""

import sys
from collections.abc import Callable, Iterable

from deploy.check import (
    contents,
    conventions,
    labels,
    network,
    pod_security,
    references,
    render,
    scaling,
    schemas,
    settings,
    tools,
)
from deploy.check.objects import Overlay
from deploy.check.problem import Problem
from deploy.kustomize import RenderError

#: What is asked of every overlay, in the order in which a person would want to mend it.
CHECKS: tuple[Callable[[Overlay], Iterable[Problem]], ...] = (
    schemas.check,
    contents.check,
    references.check,
    settings.check,
    scaling.check,
    pod_security.check,
    labels.check,
    conventions.check,
    network.check,
)


def main() -> int:
    """Print what is wrong, and how much was looked at."""
    problems: list[Problem] = []
    looked: list[str] = []
    for name, overlay in render.render_all().items():
        if isinstance(overlay, RenderError):
            problems.append(Problem(where=name, what=str(overlay)))
        else:
            problems += check_overlay(overlay)
            looked.append(f"{name} {len(overlay.objects)}")
    if not looked:
        problems.append(Problem(where="deploy/k8s/overlays", what="no overlay could be built"))
    problems += tools.check()
    _say("objects: " + ", ".join(looked), problems)
    return 1 if problems else 0


def check_overlay(overlay: Overlay) -> list[Problem]:
    """What is wrong with an overlay, sorted, each problem once."""
    found: set[Problem] = set()
    for ask in CHECKS:
        try:
            found.update(ask(overlay))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # A member of the wrong type, which the schemas name as well: the others are asked all the same.
            found.add(Problem(where=overlay.name, what=f"{ask.__module__} could not be asked: {error!r}"))
    return sorted(found)


def _say(looked: str, problems: list[Problem]) -> None:
    versions = ", ".join(schemas.VERSIONS)
    print(looked)
    if problems:
        print("\n".join(f"{problem}" for problem in problems))
        print(f"{len(problems)} problems")
    else:
        asked = ", ".join(tools.commands())
        print(f"deploy: all well (Kubernetes {versions}, Pod Security {pod_security.LEVEL}, {asked})")


if __name__ == "__main__":
    sys.exit(main())
