"""The JSON Schemas of all messages, generated from the models and kept beside them."""

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from wire.credentials import RequestClaims
from wire.deidentification import Deidentification
from wire.enrolments import Enrolment, EnrolmentAnswer
from wire.errands import ErrandClaims
from wire.events import AccessEvent
from wire.heartbeats import Heartbeat, HeartbeatAnswer
from wire.orders import OrderReport, OrdersAnswer, OrdersRequest
from wire.problems import Problem
from wire.studies import StudyReport
from wire.tokens import ViewerClaims

DIRECTORY: Final = Path(__file__).parent

MESSAGES: Final[dict[str, type[BaseModel]]] = {
    "access_event": AccessEvent,
    "deidentification": Deidentification,
    "enrolment": Enrolment,
    "enrolment_answer": EnrolmentAnswer,
    "errand_claims": ErrandClaims,
    "heartbeat": Heartbeat,
    "heartbeat_answer": HeartbeatAnswer,
    "order_report": OrderReport,
    "orders_answer": OrdersAnswer,
    "orders_request": OrdersRequest,
    "problem": Problem,
    "request_claims": RequestClaims,
    "study_report": StudyReport,
    "viewer_claims": ViewerClaims,
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema (2020-12) of `model` as the file beside it holds it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema()
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(directory: Path = DIRECTORY) -> list[Path]:
    """Writes one `<message>.json` per message and returns their paths."""
    paths = []
    for name, model in MESSAGES.items():
        path = directory / f"{name}.json"
        path.write_text(schema_text(model), encoding="utf-8")
        paths.append(path)
    return paths
