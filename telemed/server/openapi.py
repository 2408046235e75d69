"""The OpenAPI 3.1 document and its page, made from the route table and the schemas."""

import html
import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from telemed import __version__
from telemed.server.routes import API_ROUTES
from telemed.server.routing import Route
from telemed.server.schemas import ProblemBody

_REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """The whole API as an OpenAPI 3.1 document."""
    components = _components()
    paths: dict[str, dict[str, Any]] = {}
    for route in API_ROUTES:
        paths.setdefault(_plain(route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "telemed", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "telemed"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _plain(path: str) -> str:
    """aiohttp's {name:regex} as OpenAPI's {name}."""
    return re.sub(r"{(\w+):[^}]+}", r"{\1}", path)


def _components() -> dict[str, Any]:
    inputs = [(r.body, "validation") for r in API_ROUTES if r.body is not None]
    outputs = [(a, "serialization") for r in API_ROUTES for a in _models(r.returns)]
    everything = [*inputs, *outputs, (ProblemBody, "serialization")]
    _, schema = models_json_schema(everything, ref_template=_REF)  # type: ignore[arg-type]
    found: dict[str, Any] = schema.get("$defs", {})
    return found


def _models(returns: Any) -> Iterable[type]:
    if returns is None:
        return ()
    args = getattr(returns, "__args__", None)
    return args if args else (returns,)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rsplit('.', 1)[-1]}_{_operation_name(route)}",
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            ("201" if route.created else "200"): _success(route),
            "default": {
                "description": "Problem",
                "content": {"application/json": {"schema": _ref(ProblemBody)}},
            },
        },
        "x-permission": route.permission.value if route.permission else "public",
        "security": [{"session": []}, {"token": []}] if route.permission else [],
    }
    if route.body is not None:
        content = {"application/json": {"schema": _ref(route.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _operation_name(route: Route) -> str:
    """Unique and readable: the method and the path, a closing parameter as `by`."""
    path = _plain(route.path)
    words = [w for w in re.split(r"[/.]+", re.sub(r"{\w+}$", "by", path)) if w not in ("", "api")]
    kept = [w for w in words if not w.startswith("{")]
    return "_".join([route.method.lower(), *kept]).replace("-", "_")


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)", route.path)
    return [
        {"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = TypeAdapter(route.query).json_schema()
    required = set(schema.get("required", []))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema.get("properties", {}).items()
    ]


def _success(route: Route) -> dict[str, Any]:
    if route.returns is None:
        kind = route.media or "application/octet-stream"
        return {"description": "OK", "content": {kind: {"schema": {"type": "string"}}}}
    refs = [_ref(model) for model in _models(route.returns)]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def _ref(model: type) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def docs_page() -> str:
    """The routes as one plain page: what, who may, bodies. The document itself is beside it."""
    rows = "".join(
        f"<tr><td><code>{r.method}</code></td><td><code>{html.escape(_plain(r.path))}</code></td>"
        f"<td>{html.escape(r.summary)}</td>"
        f"<td>{r.permission.value if r.permission else 'public'}</td>"
        f"<td>{html.escape(r.body.__name__ if r.body else '')}</td>"
        f"<td>{html.escape(', '.join(m.__name__ for m in _models(r.returns)))}</td></tr>"
        for r in API_ROUTES
    )
    return _PAGE.format(version=__version__, rows=rows)


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>telemed API</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>body{{font:14px/1.6 system-ui,sans-serif;margin:32px auto;max-width:1200px;padding:0 16px;
color:#1f2d3d}}table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:6px 10px;
border-bottom:1px solid #e3e8ee;vertical-align:top}}code{{font-size:13px}}th{{background:#f4f7f9}}
</style><h1>telemed API {version}</h1>
<p>Machine readable: <a href="/api/openapi.json">OpenAPI 3.1</a>. Every error is a
<code>ProblemBody</code>. Machines send <code>Authorization: Bearer</code> (see
<code>telemed token create</code>); browsers use the session cookie and send
<code>X-CSRF-Token</code> with anything that changes.</p>
<table><thead><tr><th>Method</th><th>Path</th><th>What</th><th>Permission</th><th>Body</th>
<th>Answer</th></tr></thead><tbody>{rows}</tbody></table></html>"""
