"""Orders travel both ways: a newer portal's fields are passed over, a server's unknown ones are refused."""

import json

import pytest

from wire.examples import example
from wire.messages import MessageRefused, parse
from wire.orders import OrderReport, OrdersAnswer


def test_older_server_passes_over_unknown_fields_deep_in_an_order():
    answer = json.loads(example("orders_answer"))
    answer["orders"][0]["ward_colour"] = "blue"
    answer["orders"][0]["patient"]["nickname"] = "none"
    answer["orders"][0]["steps"][0]["robot"] = True
    assert parse(OrdersAnswer, json.dumps(answer).encode()) == parse(OrdersAnswer, example("orders_answer"))


@pytest.mark.parametrize(("part", "place"), [("patient", "patient"), ("steps", "steps.0")])
def test_unknown_field_deep_in_a_report_of_an_order_is_refused(part, place):
    report = json.loads(example("order_report"))
    (report[part][0] if part == "steps" else report[part])["ward_colour"] = "blue"
    with pytest.raises(MessageRefused, match=rf"^{place}\.ward_colour: Extra inputs are not permitted$"):
        parse(OrderReport, json.dumps(report).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheduled_start_date", "2026-11-21"),
        ("scheduled_start_date", "20261121-"),
        ("scheduled_start_time", "8:30"),
        ("scheduled_start_time", "0830*"),
        ("scheduled_station_ae_titles", ["  "]),
        ("scheduled_station_ae_titles", ["CT\\EAST"]),
        ("scheduled_station_ae_titles", ["A" * 17]),
        ("modality", "C" * 17),
    ],
)
def test_step_that_no_worklist_could_hold_is_refused(field, value):
    answer = json.loads(example("orders_answer"))
    answer["orders"][0]["steps"][0][field] = value
    with pytest.raises(MessageRefused, match=rf"^orders\.0\.steps\.0\.{field}"):
        parse(OrdersAnswer, json.dumps(answer).encode())


def test_order_without_a_step_is_refused():
    answer = json.loads(example("orders_answer"))
    answer["orders"][0]["steps"] = []
    with pytest.raises(MessageRefused, match=r"^orders\.0\.steps"):
        parse(OrdersAnswer, json.dumps(answer).encode())
