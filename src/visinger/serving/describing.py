"""The API's description as a page to read: from its OpenAPI, without scripts and without anything from elsewhere."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886; } code, pre { font-size: .9em; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; } td { vertical-align: top; padding: .25rem .75rem .25rem 0; }
tr { border-top: 1px solid #8883; } .method { text-transform: uppercase; font-weight: 600; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}
_SHOWN_EXAMPLE_CHARACTERS = 4000

Schema = dict[str, Any]


def add_page(app: FastAPI) -> None:
    """GET /docs: what the application answers, those parts that others mounted on it included."""

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    def docs() -> HTMLResponse:
        return HTMLResponse(page(app.openapi()), headers=HEADERS)


def page(openapi: Schema) -> str:
    """The whole page."""
    about = openapi["info"]
    paragraphs = (f"<p>{escape(text)}</p>" for text in str(about.get("description", "")).split("\n\n") if text)
    schemas = openapi.get("components", {}).get("schemas", {})
    body = [
        f"<h1>{escape(about['title'])} {escape(about['version'])}</h1>",
        *paragraphs,
        '<p>For programs: <a href="/openapi.json">/openapi.json</a></p>',
        *(line for path, methods in openapi["paths"].items() for line in _operations(path, methods)),
        *(line for name, schema in schemas.items() for line in _schema(name, schema)),
    ]
    title = escape(about["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style><body>{chr(10).join(body)}</body></html>"
    )


def _operations(path: str, methods: Schema) -> Iterator[str]:
    for method, operation in methods.items():
        yield f'<h2><span class="method">{escape(method)}</span> <code>{escape(path)}</code></h2>'
        yield f"<p>{escape(operation.get('summary', ''))}</p>"
        parameters = operation.get("parameters", [])
        if parameters:
            yield from _table(
                (f"{p['name']}{'' if p.get('required') else ' ?'}", p["in"], _kind(p["schema"]), _said(p))
                for p in parameters
            )
        body = operation.get("requestBody", {})
        for kind, taken in body.get("content", {}).items():
            yield f"<p>Body: <code>{escape(kind)}</code>, {_kind(taken.get('schema', {}))}. {_said(body)}</p>"
        for status, response in operation.get("responses", {}).items():
            kinds = (
                f"<code>{escape(k)}</code> {_kind(c.get('schema', {}))}" for k, c in response.get("content", {}).items()
            )
            yield f"<p>{escape(status)}: {_said(response)} {', '.join(kinds)}</p>"


def _schema(name: str, schema: Schema) -> Iterator[str]:
    yield f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{_said(schema)}</p>'
    required = schema.get("required", [])
    yield from _table(
        (f"{key}{'' if key in required else ' ?'}", _kind(value), _default(value), _said(value))
        for key, value in schema.get("properties", {}).items()
    )
    for example in schema.get("examples", []):
        text = json.dumps(example, ensure_ascii=False, indent=1)[:_SHOWN_EXAMPLE_CHARACTERS]
        yield f"<pre>{escape(text)}</pre>"


def _table(rows: Iterator[tuple[str, str, str, str]]) -> Iterator[str]:
    yield "<table>"
    for name, *cells in rows:
        yield f"<tr><td><code>{escape(name)}</code></td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</table>"


def _said(thing: Schema) -> str:
    return escape(str(thing.get("description") or thing.get("schema", {}).get("description", "")))


def _default(schema: Schema) -> str:
    return f"default {escape(json.dumps(schema['default'], ensure_ascii=False))}" if "default" in schema else ""


def _kind(schema: Schema) -> str:
    """What a value is, in a few words; a link where it is described further down."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(option) for option in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    low, high = schema.get("minimum", ""), schema.get("maximum", schema.get("exclusiveMaximum", ""))
    bounds = f" {low} … {high}" if low != "" or high != "" else ""
    return escape(str(schema.get("type", "")) + bounds)
