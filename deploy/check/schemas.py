"""Schemas: of Kubernetes itself in the versions that we support, and our own small ones of custom resources.

kubernetes-validate brings the schemas of Kubernetes in a strict form, where a member that is not known is wrong. It
only warns of a kind that it does not know; here such a kind needs a schema in `crds/`, or it is a problem.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate.utils as kubernetes
import yaml
from referencing import Registry, Resource

from deploy.check.objects import Object, Overlay
from deploy.check.problem import Problem

#: The three newest minor versions whose clusters are common, as the project's README says.
VERSIONS = ("1.34", "1.35", "1.36")
CRDS = Path(__file__).with_name("crds")


def check(overlay: Overlay) -> Iterator[Problem]:
    """What the schemas refuse."""
    custom = custom_schemas()
    for item in overlay.objects:
        schema = custom.get((str(item.get("apiVersion")), item.kind))
        if schema is not None:
            yield from _complaints(item, jsonschema.Draft202012Validator(schema), "its schema in deploy/check/crds")
            continue
        for version in VERSIONS:
            try:
                validator = _validator(version, item.kind, str(item.get("apiVersion")))
            except FileNotFoundError:
                what = f"{item.get('apiVersion')} {item.kind} is not in Kubernetes {version} nor in deploy/check/crds"
                yield Problem(where=item.where, what=what)
                continue
            yield from _complaints(item, validator, f"Kubernetes {version}")


@cache
def custom_schemas() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Our own schemas by API version and kind; a file's name is free, its `apiVersion` and `kind` count."""
    schemas = {}
    for path in sorted(CRDS.glob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(document["schema"])
        schemas[document["apiVersion"], document["kind"]] = document["schema"]
    return schemas


@cache
def _validator(version: str, kind: str, api_version: str) -> jsonschema.Draft202012Validator:
    """The validator of one kind.

    Raises:
        FileNotFoundError: this version of Kubernetes does not know it.
    """
    folder = f"kubernetes-json-schema/v{version}.0-local-strict"
    group, _, number = api_version.rpartition("/")
    prefix = f"{group.partition('.')[0]}-" if group else ""
    schema = kubernetes.schema_contents(f"{folder}/{kind.lower()}-{prefix}{number}.json", version)
    return jsonschema.Draft202012Validator(
        schema, registry=Resource.from_contents(schema) @ (_definitions(folder, version) @ Registry())
    )


@cache
def _definitions(folder: str, version: str) -> Resource[Any]:
    return Resource.from_contents(kubernetes.schema_contents(f"{folder}/_definitions.json", version))


def _complaints(item: Object, validator: jsonschema.Draft202012Validator, source: str) -> Iterator[Problem]:
    for error in validator.iter_errors(item.data):
        path = ".".join(str(step) for step in error.absolute_path)
        yield Problem(where=item.where, what=f"{path or 'the object'}: {error.message[:300]} ({source})")
