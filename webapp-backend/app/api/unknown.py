"""Refuses unknown paths, methods, query parameters and form fields, and suggests the right ones."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from fastapi import APIRouter, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from app.core.errors import InvalidError, NotFoundError

# The other name of the field that holds the one file of a form.
FILE_ALIAS = "file"
_DOCS = "The routes are described at /api/docs."
_LENGTH = 100
# Similarity from which a name counts as misspelt: "photo" is not meant to be "image".
_SIMILAR = 0.6


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have.

    Raises:
        InvalidError: the query names an unknown parameter.
    """
    names = request.query_params.keys()
    if names:
        expected = _parameters(request.scope["route"])
        for name in names:
            if name not in expected:
                raise _unknown("parameter", name, expected)


def refuse_unknown_fields(form: FormData, request: Request) -> None:
    """Refuse form fields that the route does not have.

    A form without any known field passes unless a name is similar: the missing file is the error
    that the route reports.

    Raises:
        InvalidError: the form has an unknown field.
    """
    route = request.scope["route"]
    expected = _fields(route)
    for name in form:
        if name in expected:
            continue
        if name in _parameters(route):
            message = f"Give '{name}' in the address (?{name}=...), not as a form field."
            raise InvalidError("unknown_field", message)
        if _similar(name, expected) or not expected.isdisjoint(form):
            raise _unknown("field", name, expected)


def unknown_body_field(request: Request, name: str) -> InvalidError:
    """The refusal of a field that the route's JSON body does not have."""
    body = request.scope["route"].body_field
    model = body.field_info.annotation if body else None
    expected = (
        model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else ()
    )
    return _unknown("field", name, frozenset(expected))


def install_unknown_paths(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Answer paths and methods that no route has.

    `routers` are those of the API. Any path is answered by 404 if it begins with /api or the method
    is not GET, and by 405 if a route has the path but not the method. A slash at the end is not
    redirected, because clients lose the body of a POST.
    """
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    async def unknown(request: Request) -> None:
        path, scope = request.url.path, request.scope
        if methods := _methods(routes, scope, path):
            allowed = ", ".join(sorted(methods))
            raise HTTPException(
                405,
                f"{path[:_LENGTH]} does not answer {request.method}; use {allowed}.",
                {"Allow": allowed},
            )
        raise NotFoundError("not_found", _not_found(routes, scope, path))

    others = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    everything = ["GET", "HEAD", *others]
    for path, methods in (("/api", everything), ("/api/{path:path}", everything)):
        app.add_api_route(path, unknown, methods=methods, include_in_schema=False)
    app.add_api_route("/{path:path}", unknown, methods=others, include_in_schema=False)


def _methods(routes: Sequence[APIRoute], scope: Scope, path: str) -> set[str]:
    """The methods of the routes at a path."""
    at_path = {**scope, "path": path}
    return {
        method
        for route in routes
        if route.matches(at_path)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _not_found(routes: Sequence[APIRoute], scope: Scope, path: str) -> str:
    excerpt = path[:_LENGTH]
    bare = path.rstrip("/")
    if bare != path and _methods(routes, scope, bare):
        return f"There is nothing at {excerpt}: leave out the slash at the end. {_DOCS}"
    fixed = {route.path for route in routes if "{" not in route.path}
    api_path = bare if bare.startswith("/api/") else f"/api{bare}"
    if similar := get_close_matches(api_path, fixed, 1, 0.8):
        return f"There is nothing at {excerpt}; did you mean {similar[0]}? {_DOCS}"
    return f"There is nothing at {excerpt}. {_DOCS}"


def _unknown(what: str, name: str, expected: Collection[str]) -> InvalidError:
    excerpt = "".join(c if c.isprintable() else " " for c in name)[:_LENGTH]
    if similar := _similar(name, expected):
        hint = f"did you mean '{similar}'?"
    elif expected:
        hint = f"expected: {', '.join(sorted(expected))}."
    else:
        hint = "this route has none."
    return InvalidError(f"unknown_{what}", f"Unknown {what} '{excerpt}'; {hint}")


def _similar(name: str, expected: Collection[str]) -> str | None:
    return next(iter(get_close_matches(name.lower(), expected, 1, _SIMILAR)), None)


def _fields(route: APIRoute) -> frozenset[str]:
    """The form fields of a route, from its documentation: the service reads forms by hand."""
    body = (route.openapi_extra or {})["requestBody"]["content"]["multipart/form-data"]
    return frozenset(body["schema"]["properties"]) | {FILE_ALIAS}


def _parameters(route: APIRoute) -> frozenset[str]:
    return _query_names(route.dependant)


def _query_names(dependant: Dependant) -> frozenset[str]:
    own = frozenset(parameter.alias for parameter in dependant.query_params)
    return own.union(*(_query_names(inner) for inner in dependant.dependencies))
