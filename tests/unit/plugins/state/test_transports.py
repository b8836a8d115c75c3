"""Settings of a connection that cannot work are refused with their cure, and those that can are not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.state.transports import SETTINGS, goes_around, refused_connection

SSH = {"ansible_connection": "ssh", "ansible_shell_type": "powershell"}
WINDOWS, MACS = {"windows"}, {"macs"}


def refused(settings: dict[str, Any], groups: set[str] = WINDOWS) -> list[str]:
    assert {*settings} <= {*SETTINGS}
    return [*refused_connection(settings, groups)]


@pytest.mark.parametrize(
    ("settings", "groups"),
    [
        ({"ansible_connection": "winrm", "ansible_port": 5986}, WINDOWS),
        ({"ansible_connection": "winrm", "ansible_port": "5985"}, WINDOWS),
        ({"ansible_connection": "ansible.builtin.psrp", "ansible_port": 55986}, WINDOWS),
        ({**SSH, "ansible_port": 22}, WINDOWS),
        ({**SSH, "ansible_shell_type": "cmd"}, WINDOWS),
        ({}, MACS),
        ({"ansible_connection": "ssh", "ansible_port": 2222}, MACS),
        ({"ansible_connection": "ssh"}, set()),
        ({}, WINDOWS),
        # What tests and other tools use is left to them.
        ({"ansible_connection": "local"}, WINDOWS),
        ({"ansible_connection": "community.aws.aws_ssm", "ansible_port": 22}, WINDOWS),
    ],
)
def test_what_works_is_let_pass(settings: dict[str, Any], groups: set[str]) -> None:
    assert refused(settings, groups) == []


@pytest.mark.parametrize("connection", ["ssh", "ansible.builtin.ssh"])
def test_windows_by_ssh_has_to_name_its_shell(connection: str) -> None:
    (said,) = refused({"ansible_connection": connection})
    assert said == (
        "ansible_connection is ssh, and ansible_shell_type does not say powershell, so this Windows machine would be "
        "taken for a Mac. Set ansible_shell_type: powershell, or another connection (winrm, psrp). "
        "See docs/transports.md"
    )


@pytest.mark.parametrize("settings", [{"ansible_connection": "winrm"}, SSH])
def test_a_mac_is_no_windows(settings: dict[str, Any]) -> None:
    (said,) = refused(settings, MACS)
    transport = settings["ansible_connection"]
    assert said == (
        f"a Mac is reached by SSH: set ansible_connection: ssh (it is {transport}), and no ansible_shell_type "
        "of Windows. See docs/transports.md"
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {**SSH, "ansible_port": 5986},
            "ansible_connection ssh is not spoken: leave it out for 22",
        ),
        ({**SSH, "ansible_port": "5985"}, "ansible_port is 5985"),
        (
            {"ansible_connection": "psrp", "ansible_port": 22},
            "psrp is not spoken: leave it out for 5986",
        ),
        ({"ansible_connection": "winrm", "ansible_port": 22}, "ansible_connection winrm is not spoken"),
    ],
)
def test_the_port_of_another_way_is_refused(settings: dict[str, Any], words: str) -> None:
    (said,) = refused(settings)
    assert words in said


def test_where_no_connection_is_named_it_is_ssh():
    assert refused({"ansible_port": 5986}, MACS) == [
        "ansible_port is 5986, where ansible_connection ssh is not spoken: leave it out for 22, or set the right one "
        "beside ansible_connection. See docs/transports.md"
    ]


@pytest.mark.parametrize(
    ("options", "around"),
    [
        ({"ssh_args": "-4", "ssh_common_args": "-J jump"}, True),
        ({"ssh_args": "-4", "ssh_extra_args": "-6"}, False),
        ({}, False),
    ],
)
def test_each_of_the_options_of_ssh_may_name_the_machine_between(options, around):
    assert goes_around("ssh", options.get) is around


@pytest.mark.parametrize(("connection", "package"), [("psrp", "pypsrp"), ("winrm", "pywinrm")])
def test_a_missing_package_is_named_with_the_python_it_is_missing_in(
    connection: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    (said,) = refused({"ansible_connection": connection})
    assert f"this controller's Python has no {package}: {sys.executable} -m pip install {package}" in said
    assert refused(SSH) == []


@pytest.mark.parametrize(
    ("connection", "name"),
    [
        ("winrm", "ansible_winrm_ca_trust_path"),
        ("psrp", "ansible_psrp_ca_cert"),
        ("ssh", "ansible_ssh_private_key_file"),
        ("ssh", "ansible_private_key_file"),
    ],
)
def test_a_file_that_is_not_there_is_named(connection: str, name: str, tmp_path: Path, monkeypatch: Any) -> None:
    settings = {"ansible_connection": connection, "ansible_shell_type": "powershell"}
    monkeypatch.setenv("HOME", str(tmp_path))
    (said,) = refused({**settings, name: "~/key"})
    assert said.startswith(f"{name}: there is no file ~/key on this controller; correct the path.")
    (tmp_path / "key").write_text("")
    assert refused({**settings, name: "~/key"}) == []
    # Of another way than this endpoint's it does not matter.
    assert refused({"ansible_connection": "local", name: "/nowhere"}) == []
