"""What a lab consists of, its inventory, its faults and its command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lab import fleet, inventory, server
from lab.__main__ import main
from lab.faults import FaultError, Faults
from lab.windows.machine import Machine
from lab.windows.seed import Variant, build_windows
from lab.windows_endpoint import somebody_logs_on


def test_the_first_six_windows_machines_cover_the_varieties() -> None:
    plans = fleet.plan(6, 0, seed=1)
    assert [plan.name for plan in plans] == ["win-01", "win-02", "win-03", "win-04", "win-05", "win-06"]
    assert {plan.release for plan in plans} == {"10-22H2", "11-23H2", "11-24H2"}
    assert {plan.language for plan in plans} == {"en-US", "ja-JP"}
    assert {plan.edition for plan in plans} == {"Pro", "Home"}


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    assert fleet.plan(40, 0, seed=7) == fleet.plan(40, 0, seed=7)
    assert fleet.plan(40, 0, seed=7) != fleet.plan(40, 0, seed=8)


def test_a_larger_lab_begins_with_the_smaller_one() -> None:
    assert fleet.plan(40, 0, seed=7)[:20] == fleet.plan(20, 0, seed=7)


def test_the_same_plan_and_seed_build_the_same_bytes(tmp_path: Path) -> None:
    one = fleet.plan(1, 0, seed=3)[0]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        fleet.build(one, 3, tmp_path / folder)
    first = (tmp_path / "a" / "win-01.json").read_bytes()
    assert first == (tmp_path / "b" / "win-01.json").read_bytes()
    assert json.loads(first)["name"] == "win-01"


def test_a_machine_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    machine = Machine("mine")
    machine.save(tmp_path / "win-01.json")
    fleet.build(fleet.plan(1, 0, seed=3)[0], 3, tmp_path)
    assert json.loads((tmp_path / "win-01.json").read_bytes())["name"] == "mine"


def test_the_inventory_says_how_to_reach_the_hosts_and_nothing_else(tmp_path: Path) -> None:
    variables = {**inventory.winrm_vars(Path("/lab/ca.pem")), "ansible_user": "admin"}
    folder = inventory.write(tmp_path / "inventory", {"windows": (variables, [("win-01", 5986)]), "macs": ({}, [])})
    assert yaml.safe_load((folder / "hosts.yml").read_text()) == {
        "all": {
            "children": {
                "windows": {
                    "hosts": {"win-01": {"ansible_host": "127.0.0.1", "ansible_port": 5986}},
                    "vars": {
                        "ansible_connection": "winrm",
                        "ansible_winrm_scheme": "https",
                        "ansible_winrm_transport": "ntlm",
                        "ansible_winrm_server_cert_validation": "validate",
                        "ansible_winrm_ca_trust_path": "/lab/ca.pem",
                        "ansible_user": "admin",
                    },
                }
            }
        }
    }
    assert (folder / "hosts.yml").stat().st_mode & 0o777 == 0o600


def test_each_way_to_windows_checks_who_answers() -> None:
    ca, keys = Path("/lab/ca.pem"), (Path("/lab/id"), Path("/lab/known_hosts"))
    psrp = inventory.psrp_vars(ca)
    assert psrp == {
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "https",
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_cert_validation": "validate",
        "ansible_psrp_ca_cert": "/lab/ca.pem",
    }
    for ssh in (inventory.windows_ssh_vars(*keys), inventory.mac_vars("secret", *keys)):
        assert "-o UserKnownHostsFile=/lab/known_hosts" in ssh["ansible_ssh_common_args"]
        assert "-o StrictHostKeyChecking=yes" in ssh["ansible_ssh_common_args"]
        assert ssh["ansible_ssh_args"] == "-o ControlMaster=no -o ControlPath=none"
        assert ssh["ansible_ssh_private_key_file"] == "/lab/id"
    assert inventory.windows_ssh_vars(*keys)["ansible_shell_type"] == "powershell"
    assert inventory.mac_vars("secret", *keys)["ansible_python_interpreter"] == "/usr/local/bin/python3"


def test_the_macs_follow_windows_and_cover_the_releases() -> None:
    plans = fleet.plan(1, 6, seed=1)
    assert [(plan.name, plan.os) for plan in plans[:2]] == [("win-01", "windows"), ("mac-01", "macos")]
    assert {plan.release for plan in plans[1:]} == {"11", "12", "13", "14", "15", "26"}


def test_a_machine_file_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "win-01.json").write_text('{"name": "win-01"}')
    with pytest.raises(fleet.FleetError, match=r"win-01\.json was written by another version.*--purge"):
        fleet.build(fleet.plan(1, 0, seed=3)[0], 3, tmp_path)


def test_a_fault_hits_as_often_as_asked() -> None:
    faults = Faults()
    faults.set("drop", 2)
    assert [faults.strikes("drop") for _ in range(3)] == [True, True, False]
    assert faults.strikes("auth") is False


def test_a_fault_may_be_for_one_module_alone() -> None:
    faults = Faults()
    faults.set("fails", only="win_service")
    names = ("ansible.windows.win_regedit", "ansible.windows.win_service", "ansible.windows.win_service")
    assert [faults.strikes("fails", name) for name in names] == [False, True, False]
    with pytest.raises(FaultError, match="fails alone"):
        faults.set("drop", only="win_service")


def test_who_logs_on_was_not_and_his_hive_is_loaded_then() -> None:
    machine = build_windows("win-01", Variant("11-24H2", "Pro", "ja-JP", "drifted"), seed=1)
    before = set(machine.sessions)
    somebody_logs_on(machine)
    (fresh,) = machine.sessions - before
    assert machine.hive_loaded(fresh)


def test_none_takes_all_faults_away() -> None:
    faults = Faults()
    faults.set("power_off")
    faults.set("drop", 5)
    assert (faults.state, faults.active()) == ("power_off", ["drop", "power_off"])
    faults.set("none")
    assert (faults.state, faults.active()) == (None, [])


def test_an_unknown_fault_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FaultError, match=r"'fire'.*refuse, power_off"):
        Faults().set("fire")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["status"], "there is no lab in"),
        (["down"], "there is no lab in"),
        (["fault", "win-01", "drop"], "no lab is running in"),
        (["up", "--windows", "0", "--mac", "0"], "no endpoints asked for"),
        (["up", "--from", "/nowhere.json"], "--from /nowhere.json: No such file or directory; give a file that can be"),
        (["up", "--from", __file__], "no state document with what was asked for (JSONDecodeError: "),
    ],
)
def test_commands_without_a_lab_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main([*arguments, "--state-dir", str(tmp_path / "lab")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.odt").write_text("")
    assert main(["up", "--state-dir", str(tmp_path)]) == 1
    assert "is not empty and holds no lab" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_a_lab_can_not_be_resumed_with_other_endpoints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab.json").write_text(json.dumps(server.describe(1, 0, 1)))
    assert main(["up", "--windows", "2", "--state-dir", str(tmp_path)]) == 1
    assert "made with --windows 1, not 2" in capsys.readouterr().err


def test_status_of_a_lab_that_is_down_shows_its_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab.json").write_text(json.dumps(server.describe(1, 0, 1)))
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "win-01.json").write_bytes(b"abc")
    (tmp_path / "calls.jsonl").write_text('{"endpoint": "win-01"}\n')
    assert main(["status", "--json", "--state-dir", str(tmp_path)]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["name"], row["os"], row["running"], row["calls"]) == ("win-01", "windows", False, 1)
    assert row["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert main(["status", "--state-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-4:] == ["None", "no", "1", "ba7816bf8f01"]


def test_up_serves_in_the_background_and_down_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--state-dir", str(tmp_path / "lab")]
    try:
        assert main(["up", "--windows", "1", "--mac", "1", *folder]) == 0
        assert capsys.readouterr().out == f"{tmp_path}/lab/inventory\n"
        assert main(["up", *folder]) == 1
        assert "a lab is running in" in capsys.readouterr().err
        assert main(["fault", "win-09", "drop", *folder]) == 1
        assert "no endpoint 'win-09'; there are: win-01, mac-01" in capsys.readouterr().err
        assert main(["fault", "win-01", "image_busy", *folder]) == 1
        assert "exists on Macs only" in capsys.readouterr().err
        assert main(["reboot", "win-01", *folder]) == 1
        assert "win_reboot" in capsys.readouterr().err
        mac = tmp_path / "lab/machines/mac-01.json"
        for arguments, faults in ((["network_busy", "--count", "3"], {"network_busy": 3}), (["none"], {})):
            assert main(["fault", "mac-01", *arguments, *folder]) == 0
            assert json.loads(mac.read_text())["faults"] == faults
        assert main(["tunnel", "mac-01", "up", *folder]) == 0
        assert json.loads(mac.read_text())["vpn"][0]["name"] == "VPN"
        assert main(["reboot", "mac-01", *folder]) == 0
        facts = json.loads(mac.read_text())
        assert (facts["boots"], facts["vpn"][0]["status"]) == (2, "Disconnected")
        assert main(["fault", "mac-01", "http500", *folder]) == 1
        assert "exists on Windows machines only" in capsys.readouterr().err
        assert main(["fault", "mac-01", "network_busy", "--after", "1", *folder]) == 1
        assert "only with drop, fails, http500, logs_on, power_off, refuse, timeout" in capsys.readouterr().err
        state = tmp_path / "lab/machines/win-01.json"
        for direction, active in (("up", True), ("down", False)):
            assert main(["tunnel", "win-01", direction, *folder]) == 0
            assert Machine.load(state).tunnel_active is active
        for name in ("win-01", "mac-01"):
            assert main(["fault", name, "power_off", *folder]) == 0
        assert main(["status", "--json", *folder]) == 0
        assert [row["running"] for row in json.loads(capsys.readouterr().out)] == [False, False]
        for name in ("win-01", "mac-01"):
            assert main(["fault", name, "none", *folder]) == 0
        assert main(["status", "--json", *folder]) == 0
        assert [row["running"] for row in json.loads(capsys.readouterr().out)] == [True, True]
    finally:
        assert main(["down", "--purge", *folder]) == 0
    assert not (tmp_path / "lab").exists()
