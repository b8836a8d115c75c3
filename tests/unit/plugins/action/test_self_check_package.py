"""self_check_package: the package asks for what an audit asks, carries the reader's own text, and is for one laptop."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

from plugins.action.self_check_package import ActionModule
from plugins.plugin_utils.state.check_request import opened, read_key
from plugins.plugin_utils.state.reader import covers
from plugins.plugin_utils.state.run_store import RunStore

ROOT = Path(__file__).resolve().parents[4]
WORDS = {
    code: {name: f"{code} {name} {{file}}" for name in ("begins", "asks", "without", "reads", "done", "password")}
    for code in ("ja", "en")
}
WINDOWS = {"inventory_hostname": "nb-07", "ansible_connection": "winrm"}
MAC = {"inventory_hostname": "mb 01", "ansible_connection": "ssh"}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: RunStore) -> Any:
    """Return a function that makes the package of a laptop and returns the answer."""
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})

    def run(variables: dict[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
        action = object.__new__(ActionModule)
        action._loader = DataLoader()
        places = {"directory": f"{tmp_path}/checks", "key": f"{tmp_path}/self_check.key"}
        action._task = SimpleNamespace(args={"roles": ["time_sync"], "words": WORDS, **places}, check_mode=check_mode)
        return dict(action.run(task_vars=variables))

    return run


def given_of(path: str) -> dict[str, Any]:
    lines = Path(path).read_bytes().decode("ascii").split("\r\n")
    (line,) = [line for line in lines if line.startswith("$CheckGiven = '")]
    return dict(json.loads(line[len("$CheckGiven = '") : -1].replace("''", "'")))


def test_the_package_of_a_windows_laptop_asks_what_an_audit_asks(make, tmp_path):
    answer = make(WINDOWS)
    assert answer == {"changed": True, "path": f"{tmp_path}/checks/nb-07.cmd"}
    given = given_of(answer["path"])
    assert (given["file"], given["words"]) == ("nb-07.state.json", WORDS)
    request = opened(given["token"], read_key(tmp_path / "self_check.key"))
    assert (request.endpoint, request.platform) == ("nb-07", "Windows")
    assert "W32Time" in request.reads["services"]
    assert any(ask["path"].endswith(r"OffsiteEndpoints\Before") for ask in request.reads["registry"])
    assert {name for ask in request.reads["registry"] for name in ask} == {"path", "values", "depth", "without"}
    assert covers(request.reads, [{"services": ["W32Time"]}])


def test_it_has_the_reader_s_own_text_but_for_what_speaks_with_ansible(make):
    text = Path(make(WINDOWS)["path"]).read_bytes().decode("ascii").replace("\r\n", "\n")
    reader = (ROOT / "plugins/modules/win_endpoint_state.ps1").read_text(encoding="utf-8")
    assert reader.partition("# ---- The module")[0] in text
    assert "[Ansible.Basic.AnsibleModule]" not in text
    assert "\n\n" not in text.partition("#::check")[0]


def test_each_run_makes_another_request(make):
    assert given_of(make(WINDOWS)["path"])["token"] != given_of(make(WINDOWS)["path"])["token"]


def test_a_package_is_not_for_everybody_on_the_controller(make):
    assert stat.S_IMODE(Path(make(WINDOWS)["path"]).stat().st_mode) & 0o007 == 0


def test_a_dry_run_writes_neither_package_nor_key(make, tmp_path):
    assert make(WINDOWS, check_mode=True) == {"changed": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_where_nothing_can_be_written_it_says_so(make, tmp_path):
    (tmp_path / "checks").write_text("in the way")
    with pytest.raises(
        AnsibleActionFail, match=r"cannot be written .* or name another folder: -e self_check_directory"
    ):
        make(WINDOWS)


def test_the_package_of_a_mac_may_be_run_and_does_what_it_says(make, tmp_path):
    answer = make(MAC)
    (entry,) = (archive := zipfile.ZipFile(io.BytesIO(Path(answer["path"]).read_bytes()))).infolist()
    stem = entry.filename.removesuffix(".command")
    assert (stem[:6], entry.external_attr >> 16) == ("mb_01-", 0o100755)
    text = archive.read(entry).decode()
    # What its shell part starts, on this system, which is no Mac: what cannot be read is in the file as an error.
    program = tmp_path / "check.py"
    program.write_text(text[text.rindex("#::check\n") :], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program, "its own name", tmp_path], capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout.splitlines() == ["en reads {file}", f"en done {tmp_path}/{stem}.state.json"]
    content = json.loads((tmp_path / f"{stem}.state.json").read_text(encoding="ascii"))
    assert (content["schema"], content["document"]["platform"]) == (1, "Darwin")
    assert "error" in content["document"]["system"]["product_version"]
    assert opened(content["token"], read_key(tmp_path / "self_check.key")).endpoint == "mb 01"
    shown = subprocess.run(
        [sys.executable, program, "its own name", tmp_path, "without"],
        capture_output=True,
        check=True,
        env={"LANG": "ja"},
    )
    assert shown.stdout == b"ja without {file}\n"
