"""The description of the API as a page for people: plain HTML that needs no script and loads nothing."""

from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "code{font:14px ui-monospace,monospace;background:#f3f3f3;padding:.1em .3em}h2{margin-top:2.5rem;"
    "border-bottom:1px solid #ddd}h3 b{color:#06c;margin-right:.5em}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #eee}summary{cursor:pointer}"
)
_METHODS = ("get", "post", "put", "delete")


def page_of(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    calls: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                calls.setdefault(operation["tags"][0], []).append(_call(method, path, operation))
    sections = "".join(f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{"".join(of)}' for tag, of in sorted(calls.items()))
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}</p><p>The same for machines: <a href='/openapi.json'>/openapi.json</a>. "
        "The key goes into the query (<code>ApiKey</code>), into the body, or into the header "
        "<code>Authorization: Bearer KEY</code>.</p>"
        f"{sections}<h2>Bodies</h2>{schemas}</html>"
    )


def _call(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{escape(each.get('description', ''))} {_kind(each['schema'])}</td></tr>"
        for each in operation["parameters"]
    )
    body = ""
    if "requestBody" in operation:
        reads = operation["requestBody"]["content"]["application/json"]["schema"]
        optional = "" if operation["requestBody"]["required"] else " (optional)"
        body = f"<p>Body{optional}: {_kind(reads)}</p>"
    answers = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return (
        f"<h3><b>{method.upper()}</b><code>{escape(path)}</code></h3><p>{escape(operation['summary'])}</p>"
        f"<table>{parameters}</table>{body}<p>Answer: {_kind(answers)}</p>"
    )


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(member)}</code></td><td>{'always' if member in required else ''}</td>"
        f"<td>{_kind(of)} {escape(of.get('description', ''))}</td></tr>"
        for member, of in schema.get("properties", {}).items()
    )
    return (
        f'<details id="{escape(name)}"><summary>{escape(name)}</summary>'
        f"<p>{escape(schema.get('description', ''))}</p><table>{rows}</table></details>"
    )


def _kind(schema: dict[str, Any]) -> str:
    """What a value is, in a few words, with a link where it is a body of its own."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    for several in ("anyOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(each) for each in schema[several])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"] if each is not None)
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    kind = schema.get("type", "")
    return escape(" or ".join(kind) if isinstance(kind, list) else kind)
