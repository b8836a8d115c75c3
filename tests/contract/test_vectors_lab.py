"""The lab's models answer every vector exactly, and refuse any other text of the scripts."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from lab.windows.calls.payload import Call
from lab.windows.calls.scripts import digest
from lab.windows.execute import execute
from lab.windows.machine import Machine
from lab.windows.seed import Variant, build_windows
from tests.contract import lab, vectors
from tests.contract.models import (
    endpoint_state,
    install_facts,
    leave_enrollment,
    require_reboot,
    restore_point,
    set_firewall_rule,
    set_vpn_connection,
    store_package,
)

VECTORS = vectors.load()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_model_answers_as_the_vector_says(vector: dict[str, Any]) -> None:
    assert vectors.differences(vector, lab.run(vector)) == []


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_machine_changes_only_where_the_vector_says_so(vector: dict[str, Any]) -> None:
    says_so = {"mounts", "rules", "restore", "volatile_keys", "connections", "store", "leaving"} & set(vector["expect"])
    assert lab.run(vector)["unchanged"] is not bool(says_so)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_has_the_form_of_its_schema_and_the_name_of_its_file(vector: dict[str, Any]) -> None:
    jsonschema.validate(vector, json.loads((vectors.HERE / "vector.schema.json").read_text()))
    assert (vectors.HERE / "vectors" / f"{vector['name']}.json").is_file()


@pytest.mark.parametrize("vector", [v for v in VECTORS if "document" in v["expect"]], ids=lambda vector: vector["name"])
def test_every_document_has_the_form_of_the_contract(vector: dict[str, Any]) -> None:
    schema = json.loads((vectors.ROOT / "schemas/state.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(lab.run(vector)["document"], schema)


def test_every_script_has_vectors() -> None:
    assert {vector["script"] for vector in VECTORS} == set(vectors.SCRIPTS)


def test_a_difference_is_reported_also_between_true_and_1() -> None:
    vector = {"script": "set_firewall_rule", "machine": {"rules": {}}, "expect": {"changed": True}}
    assert vectors.differences(vector, {"changed": True, "rules": {}, "error": None}) == []
    assert vectors.differences(vector, {"changed": 1, "rules": {}, "error": None}) == [
        "changed: expected true, found 1"
    ]


def test_words_of_a_refusal_are_compared_as_a_whole() -> None:
    vector = {"script": "win_endpoint_state", "machine": {}, "expect": {"msg": "no .*number"}}
    found = {"warnings": [], "mounts": [], "changed": False}
    assert vectors.differences(vector, found | {"msg": "no such number"}) == []
    assert vectors.differences(vector, found | {"msg": "no such number here"}) == [
        'msg: expected "no .*number", found "no such number here"'
    ]
    assert vectors.differences(vector, found) == ['msg: expected "no .*number", found null']
    assert vectors.differences(vector | {"expect": {}}, found | {"msg": "no"}) == ['msg: expected null, found "no"']


@pytest.mark.parametrize(
    ("script", "recorded"),
    [
        ("win_endpoint_state", endpoint_state.SHA256),
        ("set_firewall_rule", set_firewall_rule.SHA256),
        ("install_facts", install_facts.SHA256),
        ("restore_point", restore_point.SHA256),
        ("require_reboot", require_reboot.SHA256),
        ("store_package", store_package.SHA256),
        ("leave_enrollment", leave_enrollment.SHA256),
        ("set_vpn_connection", set_vpn_connection.SHA256),
    ],
)
def test_each_model_was_written_for_the_script_as_it_is(script: str, recorded: str) -> None:
    found = digest(vectors.SCRIPTS[script].read_text(encoding="utf-8"))
    assert recorded == found, (
        f"{vectors.SCRIPTS[script].name} has changed: compare the change with its model in tests/contract/models, "
        f"adapt it and the vectors, then write SHA256 = {found!r} there (python -m tests.contract.digest prints it)"
    )


def test_line_ends_and_a_last_newline_do_not_count() -> None:
    assert digest("a\r\nb\r\n") == digest("a\nb")
    assert digest("a\nb") != digest("a\nc")


def answer_to(name: str, args: dict[str, Any], source: str) -> dict[str, Any]:
    call = Call("module", name, args, {}, source, user="SYSTEM")
    return json.loads(execute(Machine("pc"), call).stdout)


def test_another_text_of_the_reader_is_refused_and_both_digests_reported() -> None:
    source = vectors.SCRIPTS["win_endpoint_state"].read_text(encoding="utf-8") + "# changed\n"
    answer = answer_to("offsite.endpoints.win_endpoint_state", {}, source)
    assert answer["failed"] is True
    assert digest(source) in answer["msg"]
    assert endpoint_state.SHA256 in answer["msg"]


def test_another_text_of_a_writer_is_refused() -> None:
    script = vectors.SCRIPTS["set_firewall_rule"].read_text(encoding="utf-8").replace("PersistentStore", "ActiveStore")
    answer = answer_to("ansible.windows.win_powershell", {"script": script, "parameters": {"Rule": "x"}}, "")
    assert answer["failed"] is True
    assert set_firewall_rule.SHA256 in answer["msg"]


def test_a_script_that_announces_a_name_without_a_model_is_refused_by_name() -> None:
    answer = answer_to("ansible.windows.win_powershell", {"script": "# offsite-script: make_coffee\n1"}, "")
    assert answer["failed"] is True
    assert "make_coffee" in answer["msg"]


def test_without_the_firewall_s_service_a_rule_is_neither_read_nor_written() -> None:
    machine = build_windows("win-01", Variant("11-24H2", "Pro", "en-US", "clean"), 7, password="x")
    machine.services["mpssvc"].state = "Stopped"
    before = machine.to_bytes()
    asked = {"Rule": "FPS-SMB-In-TCP", "RemoteAddress": ["10.0.0.0/255.0.0.0"]}
    result = set_firewall_rule.set_firewall_rule(machine, asked, check_mode=False, diff_mode=False)
    assert result.error == "There are no more endpoints available from the endpoint mapper."
    assert machine.to_bytes() == before
