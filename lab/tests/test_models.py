"""Models that come from outside of the lab: `up --models FOLDER`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.__main__ import main
from lab.tests.windows.machines import run, small_machine
from lab.windows import modules
from lab.windows.calls import models, scripts
from lab.windows.machine.parts import NotModelled

WRONG = "of another text"
MODEL = """
from lab.windows.calls.models import Rules, model
from lab.windows.calls.scripts import ScriptResult, script_model

@model("acme.office.win_desk", Rules(options={"height": {"type": "int", "required": True}}))
def win_desk(machine, call):
    return {"changed": not call.check_mode, "height": call.args["height"]}

@script_model("set_desk", "of another text")
def set_desk(machine, params, *, check_mode, diff_mode):
    return ScriptResult(output=["up"], changed=True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder for models; what a test registers is gone after it."""
    modules.load()
    monkeypatch.setattr(models, "_models", dict(models._models))
    monkeypatch.setattr(scripts, "_scripts", dict(scripts._scripts))
    return tmp_path


def test_a_module_of_somebodys_own_runs_and_its_arguments_are_checked(folder: Path) -> None:
    (folder / "office.py").write_text(MODEL)
    modules.load_folder(folder)
    machine = small_machine()
    assert run(machine, "acme.office.win_desk", {"height": "72"}) == {"changed": True, "height": 72}
    refused = run(machine, "acme.office.win_desk", {"hieght": 72})
    assert (refused["failed"], "Unsupported parameters" in refused["msg"]) == (True, True)


def test_a_script_of_somebodys_own_is_refused_until_the_model_names_its_text(folder: Path) -> None:
    source = "# acme-script: set_desk\n'up'\n"
    args = {"script": source}
    unknown = run(small_machine(), "ansible.windows.win_powershell", args)
    assert "does not model the script set_desk" in unknown["msg"]
    assert "`up --models FOLDER` brings more" in unknown["msg"]
    (folder / "office.py").write_text(MODEL)
    modules.load_folder(folder)
    refused = run(small_machine(), "ansible.windows.win_powershell", args)
    number = "7bc045fa6cab24613ff156314b58f4a51e92671017a1e43b24187ac18e75b867"
    assert f"its SHA-256 is {number}, the model was written for {WRONG}." in refused["msg"]
    scripts._scripts.clear()
    models._models.pop("acme.office.win_desk")
    (folder / "office.py").write_text(MODEL.replace(WRONG, number))
    modules.load_folder(folder)
    result = run(small_machine(), "ansible.windows.win_powershell", args)
    assert (result["changed"], result["output"]) == (True, ["up"])


@pytest.mark.parametrize("first", ["# script: set_desk", "# offsite-script: set_desk"])
def test_a_script_may_announce_itself_with_or_without_a_word_before(folder: Path, first: str) -> None:
    with pytest.raises(NotModelled, match="the script set_desk"):
        scripts.find_script(f"{first}\n1\n")


def test_files_that_begin_with_an_underscore_are_helpers(folder: Path) -> None:
    (folder / "_broken.py").write_text("1 / 0")
    modules.load_folder(folder)


def test_a_broken_file_is_not_passed_over(folder: Path) -> None:
    (folder / "broken.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        modules.load_folder(folder)


def test_a_model_of_what_the_lab_has_already_is_refused(folder: Path) -> None:
    (folder / "ping.py").write_text(MODEL.replace("acme.office.win_desk", "ansible.windows.win_ping"))
    with pytest.raises(ValueError, match=r"two models are registered for ansible\.windows\.win_ping"):
        modules.load_folder(folder)


def test_a_module_without_documentation_is_refused_with_the_cause(folder: Path) -> None:
    @models.model("acme.office.win_lamp")
    def lamp(machine: Any, call: Any) -> dict[str, Any]:
        return {}

    refused = run(small_machine(), "acme.office.win_lamp", {"on": True})
    assert refused["failed"] is True
    assert refused["msg"].startswith("The lab finds no documentation of acme.office.win_lamp")
    assert run(small_machine(), "acme.office.win_lamp", {}) == {"changed": False}


def test_a_folder_that_is_not_there_stops_the_lab_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--models", str(tmp_path / "none"), "--state-dir", str(tmp_path / "lab")]) == 1
    assert capsys.readouterr().err == f"lab: --models {tmp_path}/none: there is no such folder\n"
    assert not (tmp_path / "lab").exists()


def test_a_lab_with_a_broken_model_does_not_start_and_goes_on_when_it_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models_folder, lab = tmp_path / "models", ["--state-dir", str(tmp_path / "lab")]
    models_folder.mkdir()
    (models_folder / "office.py").write_text("1 / 0")
    try:
        assert main(["up", "--windows", "1", "--mac", "0", "--models", str(models_folder), *lab]) == 1
        assert "ZeroDivisionError" in capsys.readouterr().err
        (models_folder / "office.py").write_text(MODEL)
        assert main(["up", *lab]) == 0
        assert json.loads((tmp_path / "lab/lab.json").read_text())["models"] == str(models_folder)
    finally:
        assert main(["down", *lab]) == 0
