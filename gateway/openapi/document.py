"""The OpenAPI 3.1 document, made from the application's own routes: what has no route is not in it.

A route says by its dependencies which body it answers with and which body it reads; what the bodies hold comes from
the tables that read and write them. https://spec.openapis.org/oas/v3.1.1.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from gateway.gomi.bodies import Outcome
from gateway.gomi.calls import PREFIX, answer_body_of
from gateway.gomi.idempotency import KEY_MAX
from gateway.gomi.members import IDEMPOTENCY_KEY
from gateway.openapi.requests import CREATES, QUERIES, optional_requests, request_schemas, requests_of_calls
from gateway.openapi.schemas import Schema, Schemas, first_sentence, title_of
from reelyard.cluster.views import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX

_PARAMETER = re.compile(r"\{(\w+)\}")
_MEDIA_TYPES = ("application/json", "application/xml", "text/xml")

_ABOUT = (
    "Self-hosted video encoding. Every request that reaches its call is answered 200, failures included: read "
    "`Success`, and `ErrorCode` and `Message` where it is false. Paths are matched without regard to case. Requests "
    "and answers are JSON or XML; members that a call doesn't know are ignored. HEAD is answered wherever GET is."
)

#: What every call may answer besides 200.
_REFUSALS: Mapping[HTTPStatus, str] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: "The API key is missing, unknown or revoked.",
        HTTPStatus.FORBIDDEN: "The account is disabled, or the key lacks the right.",
        HTTPStatus.TOO_MANY_REQUESTS: "Over the account's request rate; Retry-After says when to come back.",
        HTTPStatus.INTERNAL_SERVER_ERROR: "Our fault; the message carries a request ID.",
        HTTPStatus.SERVICE_UNAVAILABLE: "A part that the call needs is down; Retry-After says when to try again.",
    }
)
_REFUSALS_OF_BODIES: Mapping[HTTPStatus, str] = MappingProxyType(
    {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than is read.",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is of another type than JSON and XML, or compressed.",
    }
)


def describe(routes: Iterable[BaseRoute]) -> Schema:
    """The document of an application with these routes."""
    schemas = Schemas()
    outcome = schemas.reference(Outcome)
    paths: dict[str, Schema] = {}
    for route in _calls_of(routes):
        methods = paths.setdefault(route.path, {})
        for method in sorted(route.methods or ()):
            if method == "HEAD":
                continue  # said once for all
            methods[method.lower()] = _operation(route, method, schemas, outcome)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Reelyard", "version": version("reelyard"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"ApiKey": []}, {"Bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted((schemas.components | request_schemas()).items())),
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "query", "name": "ApiKey"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _calls_of(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of calls: those that say which body they answer with."""
    for route in routes:
        if isinstance(route, APIRoute) and route.path.startswith(PREFIX) and answer_body_of(route) is not None:
            yield route


def _operation(route: APIRoute, method: str, schemas: Schemas, outcome: Schema) -> Schema:
    body = answer_body_of(route)
    if body is None:
        raise ValueError(f"{route.path} doesn't say which body it answers with")
    answer = schemas.reference(body)
    members = schemas.components[answer["$ref"].rpartition("/")[2]]["properties"]
    # A call that fails answers with the members of every answer, under the root of its own.
    either = answer if body is Outcome else {"anyOf": [answer, outcome]}
    operation: Schema = {
        "operationId": route.name,
        "tags": [route.path.removeprefix(PREFIX).split("/")[1]],
        "summary": first_sentence(route.endpoint.__doc__) or title_of(route.name),
        "parameters": [
            *_path_parameters(route.path),
            *_query_parameters(members),
            *_own_parameters(method, route.path),
        ],
        "responses": {
            "200": _response("The answer, or why there is none: see Success.", either),
            **{str(status.value): _response(why, outcome) for status, why in _REFUSALS.items()},
        },
    }
    request = requests_of_calls().get((method, route.path.removeprefix(PREFIX)))
    if request is not None:
        operation["requestBody"] = {
            "required": request not in optional_requests(),
            "content": {each: {"schema": {"$ref": f"#/components/schemas/{request}"}} for each in _MEDIA_TYPES},
        }
        operation["responses"] |= {
            str(status.value): _response(why, outcome) for status, why in _REFUSALS_OF_BODIES.items()
        }
    return operation


def _path_parameters(path: str) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "The ID, a positive whole number.",
            "schema": {"type": "integer", "minimum": 1},
        }
        for name in _PARAMETER.findall(path)
    ]


def _query_parameters(answer_members: Mapping[str, Any]) -> list[Schema]:
    parameters: list[Schema] = [
        {
            "name": "format",
            "in": "query",
            "description": "The format of the answer; else Accept says it, else it is the request's own, else JSON.",
            "schema": {"type": "string", "enum": ["json", "xml"]},
        }
    ]
    if "PageSize" not in answer_members:
        return parameters
    size = {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE_DEFAULT}
    return [
        *parameters,
        {"name": "pageSize", "in": "query", "description": "Entries of a page.", "schema": size},
        {
            "name": "pageNumber",
            "in": "query",
            "description": "Which page, from 1; one past the end is empty.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1, "default": 1},
        },
    ]


def _own_parameters(method: str, path: str) -> list[Schema]:
    of_call = QUERIES.get((method, path.removeprefix(PREFIX)), {})
    parameters: list[Schema] = [{"name": name, "in": "query", "schema": schema} for name, schema in of_call.items()]
    if (method, path.removeprefix(PREFIX)) in CREATES:
        parameters.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "description": "Yours; the same one gets the first answer again for 24 hours, whatever was lost.",
                "schema": {"type": "string", "pattern": f"^[!-~]{{1,{KEY_MAX}}}$"},
            }
        )
    return parameters


def _response(description: str, schema: Schema) -> Schema:
    return {
        "description": description,
        "headers": {
            "X-Request-ID": {
                "description": "The request in our logs; one that the client gives is kept.",
                "schema": {"type": "string"},
            }
        },
        "content": {each: {"schema": schema} for each in _MEDIA_TYPES},
    }
