"""Writes the problems that any address may answer with into the OpenAPI description, once for all."""

from typing import Any, Final

from wire.problems import CONTENT_TYPE, Problem

# Statuses that every address may answer with: who asks, what they ask for, how they ask, how often, and our own state.
EVERYWHERE: Final = {
    "400": "The request is not valid.",
    "401": "You are not signed in.",
    "403": "You may not do this.",
    "404": "There is nothing here for you.",
    "406": "This can only be answered as JSON.",
    "429": "Too many requests. Try again later.",
    "503": "The portal cannot answer now. Try again later.",
}
WITH_BODY: Final = {"413": "The body is too large.", "415": "The body is not JSON."}
_SCHEMA: Final = "Problem"


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001
    """drf-spectacular's postprocessing hook: problem details (RFC 9457) beside what each address answers."""
    result.setdefault("components", {}).setdefault("schemas", {})[_SCHEMA] = _problem_schema()
    for path in result["paths"].values():
        for operation in path.values():
            described = {**EVERYWHERE, **(WITH_BODY if "requestBody" in operation else {})}
            for status, words in described.items():
                operation["responses"].setdefault(status, _response(words))
    return result


def _response(words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {CONTENT_TYPE: {"schema": {"$ref": f"#/components/schemas/{_SCHEMA}"}}},
    }


def _problem_schema() -> dict[str, Any]:
    schema = Problem.model_json_schema(mode="serialization")
    schema["required"] = ["type", "title", "status", "detail", "code"]
    return schema
