"""The description of the API is made of the routes: nothing of it may be missing, and nothing more may be in it."""

from fastapi.routing import APIRoute

from gateway.app import CALLS
from gateway.gomi.calls import PREFIX, answer_body_of, call_with_body, call_with_optional_body
from gateway.gomi.members import OUTPUT_MEMBERS
from gateway.openapi.document import describe
from gateway.openapi.requests import requests_of_calls

ROUTES = [route for each in CALLS for route in each.routes if isinstance(route, APIRoute)]
DOCUMENT = describe(ROUTES)


def test_every_call_is_described() -> None:
    described = {(path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods}

    calls = {
        (route.path, method)
        for route in ROUTES
        if answer_body_of(route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert described == calls


def test_every_call_that_reads_a_body_says_what_it_holds_and_no_other_does() -> None:
    reading = {
        (method, route.path.removeprefix(PREFIX))
        for route in ROUTES
        for each in route.dependant.dependencies
        if each.call in (call_with_body, call_with_optional_body)
        for method in route.methods or ()
    }

    assert set(requests_of_calls()) == reading


def test_every_member_of_an_output_is_described() -> None:
    members = DOCUMENT["components"]["schemas"]["OutputJobItem"]["properties"]

    assert list(members) == [each.name for each in OUTPUT_MEMBERS]
    assert members["MediaContainerCode"]["enum"][0] == "mp4"
    assert members["Width"]["type"] == ["integer", "null"]


def test_a_member_that_may_be_left_out_is_not_required() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert "ErrorCode" not in schemas["OutputJob"]["required"]
    assert "Width" in schemas["FormatBody"]["required"]  # written as null where it is not set
    assert {"type": "null"} in schemas["FormatBody"]["properties"]["Width"]["anyOf"]
    assert "RemoteURL" not in schemas["IngestItem"]["properties"]  # of XML alone
