"""Writes the problems that any address may answer with into the OpenAPI description, once for all."""

from typing import Any, Final

from wire.problems import CONTENT_TYPE, Problem

Described = dict[str, tuple[str, dict[str, Any]]]
"""What a status says, and the headers that come with it."""

_SECONDS: Final = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer"}}}
_SCHEMES: Final = {
    "WWW-Authenticate": {"description": "How to sign in.", "required": True, "schema": {"type": "string"}}
}
_METHODS: Final = {
    "Allow": {"description": "The methods of this address.", "required": True, "schema": {"type": "string"}}
}
# Statuses that every address may answer with: who asks, what they ask for, how they ask, how often, and our own state.
EVERYWHERE: Final[Described] = {
    "400": ("The request is not valid.", {}),
    "401": ("You are not signed in.", _SCHEMES),
    "403": ("You may not do this.", {}),
    "404": ("There is nothing here for you.", {}),
    "405": ("This address knows other methods.", _METHODS),
    "406": ("This can only be answered as JSON.", {}),
    "429": ("Too many requests. Try again later.", _SECONDS),
    "503": ("The portal cannot answer now. Try again later.", {}),
}
WITH_CHANGE: Final[Described] = {"409": ("This was changed or ended meanwhile.", {})}
WITH_BODY: Final[Described] = {"413": ("The body is too large.", {}), "415": ("The body is not JSON.", {})}
_DESCRIBED: Final = {**EVERYWHERE, **WITH_CHANGE, **WITH_BODY}
_SCHEMA: Final = "Problem"
_READS: Final = frozenset({"get", "head", "options"})


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001
    """drf-spectacular's postprocessing hook: problem details (RFC 9457) beside what each address answers."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})[_SCHEMA] = _problem_schema()
    components["responses"] = {_name(status): _response(*described) for status, described in _DESCRIBED.items()}
    for path in result["paths"].values():
        for method, operation in path.items():
            statuses = [*EVERYWHERE, *(() if method in _READS else WITH_CHANGE)]
            statuses += WITH_BODY if "requestBody" in operation else ()
            for status in statuses:
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{_name(status)}"})
    return result


def _name(status: str) -> str:
    return f"Problem{status}"


def _response(words: str, headers: dict[str, Any]) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": f"#/components/schemas/{_SCHEMA}"}}}
    return {"description": words, "content": content, **({"headers": headers} if headers else {})}


def _problem_schema() -> dict[str, Any]:
    schema = Problem.model_json_schema(mode="serialization")
    schema["required"] = ["type", "title", "status", "detail", "code"]
    return schema
