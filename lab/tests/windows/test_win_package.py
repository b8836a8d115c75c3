"""win_package over installer files that say of themselves what they do."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.windows.machines import ADMIN, predicts, run, small_machine
from lab.windows.calls.documentation import documentation_of
from lab.windows.machine import SERVICES, Machine, forticlient, restart
from lab.windows.machine.filesystem import installer_bytes
from lab.windows.machine.installers import IN_PROGRESS
from lab.windows.machine.packages import properties_key
from lab.windows.machine.parts import Service
from lab.windows.machine.registry import Value

MODULE = "ansible.windows.win_package"
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_X86 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
CODE = "{11111111-2222-3333-4444-555555555555}"
MSI = r"C:\temp\agent 2.msi"
EXE = r"C:\temp\editor.exe"
AGENT = {
    "kind": "msi",
    "ProductName": "Agent",
    "ProductVersion": "2.0.1",
    "ProductCode": CODE,
    "Manufacturer": "Example",
    "InstallLocation": r"C:\Program Files\Agent",
    "Installs": {
        "files": {r"C:\Program Files\Agent\agent.exe": {"size": 1000, "metadata": {"FileVersion": "2.0.1"}}},
        "registry": [[r"HKLM\SOFTWARE\Example\Agent", "Level", "REG_DWORD", 3]],
        "services": [
            {"name": "Agent", "path": r"C:\Program Files\Agent\agent.exe", "start_mode": "Auto", "state": "Running"}
        ],
    },
}
EDITOR = {
    "kind": "exe",
    "ProductName": "Editor",
    "ProductVersion": "9.1",
    "UninstallKey": "Editor",
    "Architecture": "x86",
    "InstallLocation": r"C:\Program Files (x86)\Editor",
    "Uninstaller": r"C:\Program Files (x86)\Editor\uninst.exe",
    "UninstallArguments": ["/uninstall"],
    "Installs": {"files": {r"C:\Program Files (x86)\Editor\editor.exe": {"size": 5000}}},
}


def machine_with(path: str, metadata: dict[str, Any], **more: Any) -> Machine:
    machine = small_machine()
    machine.files.mkdir(r"C:\temp")
    machine.files.write(path, installer_bytes({**metadata, **more}))
    return machine


def test_an_msi_is_recognised_by_its_product_code() -> None:
    machine = machine_with(MSI, AGENT)
    result = predicts(machine, MODULE, {"path": MSI})
    assert {key: result[key] for key in ("changed", "rc", "reboot_required")} == {
        "changed": True,
        "rc": 0,
        "reboot_required": False,
    }
    entry = f"{UNINSTALL}\\{CODE}"
    assert machine.registry.data(entry, "DisplayVersion") == "2.0.1"
    assert machine.registry.data(entry, "UninstallString") == f"MsiExec.exe /X{CODE}"
    assert machine.registry.data(r"HKLM\SOFTWARE\Example\Agent", "Level") == 3
    assert machine.services["Agent"].state == "Running"
    assert machine.registry.data(f"{SERVICES}\\Agent", "Start") == 2
    assert not predicts(machine, MODULE, {"path": MSI})["changed"]
    assert not predicts(machine, MODULE, {"path": MSI, "product_id": "{0}"})["changed"]


@pytest.mark.parametrize("args", [{"path": MSI}, {"product_id": CODE}, {"product_id": CODE, "provider": "registry"}])
def test_uninstalling_an_msi_takes_everything_off(args: dict[str, Any]) -> None:
    machine = machine_with(MSI, AGENT)
    before = machine.registry.values(f"{UNINSTALL}") if machine.registry.exists(UNINSTALL) else {}
    run(machine, MODULE, {"path": MSI})
    assert predicts(machine, MODULE, args | {"state": "absent"})["changed"]
    assert machine.registry.keys(UNINSTALL) == []
    assert machine.registry.values(UNINSTALL) == before
    assert machine.registry.get(r"HKLM\SOFTWARE\Example\Agent", "Level") is None
    assert "Agent" not in machine.services
    assert not machine.files.exists(r"C:\Program Files\Agent")
    assert machine.files.list(r"C:\WINDOWS\Installer") == []
    assert not machine.registry.exists(properties_key(f"{UNINSTALL}\\{CODE}"))
    assert not predicts(machine, MODULE, {"product_id": CODE, "state": "absent"})["changed"]


def test_an_exe_is_recognised_only_by_its_product_id() -> None:
    machine = machine_with(EXE, EDITOR)
    assert predicts(machine, MODULE, {"path": EXE, "product_id": "editor", "arguments": "/S"})["changed"]
    assert machine.registry.data(f"{UNINSTALL_X86}\\Editor", "DisplayName") == "Editor"
    assert not predicts(machine, MODULE, {"path": EXE, "product_id": "Editor"})["changed"]
    assert predicts(machine, MODULE, {"path": EXE})["changed"]


def test_an_exe_is_uninstalled_by_what_it_left_or_by_itself() -> None:
    machine = machine_with(EXE, EDITOR)
    for args in ({}, {"path": EXE, "arguments": ["/uninstall", "/S"]}):
        run(machine, MODULE, {"path": EXE})
        assert predicts(machine, MODULE, {"product_id": "Editor", "state": "absent", **args})["changed"]
        assert machine.registry.keys(UNINSTALL_X86) == []
        assert not machine.files.exists(r"C:\Program Files (x86)\Editor")


@pytest.mark.parametrize(
    ("version", "changed"), [("2.0.1.0", False), ("2.0.1", True), ("2.0.2.0", True), (None, False)]
)
def test_what_it_creates_outweighs_the_product_id(version: str | None, changed: bool) -> None:
    machine = machine_with(MSI, AGENT)
    run(machine, MODULE, {"path": MSI})
    args = {"path": MSI, "product_id": "unknown", "creates_path": r"C:\Program Files\Agent\agent.exe"}
    result = run(machine, MODULE, args | ({"creates_version": version} if version else {}), check=True)
    assert result["changed"] == changed


def test_a_service_as_proof() -> None:
    machine = machine_with(MSI, AGENT)
    assert predicts(machine, MODULE, {"path": MSI, "creates_service": "agent"})["changed"]
    assert not predicts(machine, MODULE, {"path": MSI, "creates_service": "agent"})["changed"]
    assert predicts(machine, MODULE, {"path": MSI, "creates_service": "other"})["changed"]


def test_3010_is_a_success_that_needs_a_reboot() -> None:
    machine = machine_with(MSI, AGENT, ExitCode=3010)
    result = predicts(machine, MODULE, {"path": MSI})
    assert (result["rc"], result["reboot_required"]) == (3010, True)
    assert restart.pending(machine)["file_rename"]


@pytest.mark.parametrize(
    ("arguments", "rc", "failed", "rebooting"), [("/S", 1641, True, True), ("/S /norestart", 3010, False, False)]
)
def test_1641_reboots_at_once_unless_asked_not_to(arguments: str, rc: int, failed: bool, rebooting: bool) -> None:
    machine = machine_with(EXE, EDITOR, ExitCode=1641)
    result = run(machine, MODULE, {"path": EXE, "product_id": "Editor", "arguments": arguments})
    assert (result["rc"], result.get("failed", False), machine.reboot_requested) == (rc, failed, rebooting)
    assert machine.registry.exists(f"{UNINSTALL_X86}\\Editor")


def test_a_failed_installation_leaves_only_its_log_and_shows_its_command() -> None:
    machine = machine_with(MSI, AGENT, ExitCode=1603, Log=["CustomAction failed."])
    before = machine.to_bytes()
    result = run(machine, MODULE, {"path": MSI, "log_path": r"C:\temp\log.txt", "arguments": ["REBOOT=ReallySuppress"]})
    assert (result["failed"], result["changed"], result["rc"]) == (True, False, 1603)
    assert result["msg"] == (
        r"""unexpected rc from 'C:\WINDOWS\System32\msiexec.exe /i "C:\temp\agent 2.msi" /L*V C:\temp\log.txt /qn """
        r"""/norestart REBOOT=ReallySuppress': see rc, stdout, and stderr for more details"""
    )
    log = machine.files.read(r"C:\temp\log.txt").decode("utf-16").splitlines()
    assert result["log"].splitlines() == log
    assert log[:2] == ["CustomAction failed.", "MSI (s) (A4:10): MainEngineThread is returning 1603"]
    machine.files.delete(r"C:\temp\log.txt")
    assert machine.to_bytes() == before
    assert not run(machine, MODULE, {"path": MSI, "expected_return_code": [1603]}).get("failed")


def test_a_log_in_a_folder_that_is_not_there_ends_the_installation() -> None:
    machine = machine_with(MSI, AGENT)
    assert run(machine, MODULE, {"path": MSI, "log_path": r"C:\none\log.txt"})["rc"] == 1622
    assert not machine.registry.exists(f"{UNINSTALL}\\{CODE}")


def test_windows_installer_does_one_thing_at_a_time() -> None:
    machine = machine_with(MSI, AGENT)
    machine.registry.set(IN_PROGRESS, "OffsiteLabCalls", Value("REG_DWORD", 2))
    assert [run(machine, MODULE, {"path": MSI})["rc"] for _ in range(3)] == [1618, 1618, 0]
    machine.registry.create(IN_PROGRESS)
    product = {"product_id": CODE, "state": "absent"}
    assert [run(machine, MODULE, product)["rc"] for _ in range(2)] == [1618, 1618]


@pytest.mark.parametrize(
    ("version", "arguments", "rc", "there"),
    [
        ("2.0.1", "", 0, False),
        ("2.0.2", "", 1638, False),
        ("2.0.1", "REINSTALL=ALL REINSTALLMODE=vomus", 0, True),
        ("2.0.2", "REINSTALL=ALL REINSTALLMODE=vomus", 0, True),
    ],
)
def test_a_product_of_the_same_code_is_changed_by_a_reinstallation_only(
    version: str, arguments: str, rc: int, there: bool
) -> None:
    machine = machine_with(MSI, AGENT)
    run(machine, MODULE, {"path": MSI})
    machine.files.delete(r"C:\Program Files\Agent", recursive=True)
    machine.files.write(r"C:\temp\new.msi", installer_bytes({**AGENT, "ProductVersion": version}))
    args = {"path": r"C:\temp\new.msi", "creates_path": r"C:\none", "arguments": arguments}
    assert run(machine, MODULE, args)["rc"] == rc
    assert machine.files.is_file(r"C:\Program Files\Agent\agent.exe") is there
    found = machine.registry.data(f"{UNINSTALL}\\{CODE}", "DisplayVersion")
    assert found == (version if there else "2.0.1")


def test_a_reinstallation_of_what_is_not_there_is_not_modelled() -> None:
    machine = machine_with(MSI, AGENT)
    msg = run(machine, MODULE, {"path": MSI, "arguments": "REINSTALL=ALL"})["msg"]
    assert msg.startswith("The lab does not model msiexec /i with REINSTALL=ALL")


def test_a_full_disk_fails_the_installation() -> None:
    machine = machine_with(MSI, AGENT)
    machine.files.add_stub(r"C:\big", machine.files.free("C:") - 500)
    assert run(machine, MODULE, {"path": MSI})["rc"] == 1603
    assert not machine.registry.exists(f"{UNINSTALL}\\{CODE}")


def test_an_upgrade_removes_the_product_with_the_same_upgrade_code() -> None:
    machine = machine_with(MSI, AGENT, UpgradeCode="{u}")
    run(machine, MODULE, {"path": MSI})
    newer = CODE.replace("1111", "9999")
    machine.files.write(r"C:\temp\new.msi", installer_bytes({**AGENT, "ProductCode": newer, "UpgradeCode": "{u}"}))
    assert predicts(machine, MODULE, {"path": r"C:\temp\new.msi"})["changed"]
    assert machine.registry.keys(UNINSTALL) == [newer]


@pytest.mark.parametrize(
    ("status", "msg"),
    [
        ("Valid", None),
        (
            "HashMismatch",
            f"Authenticode check failed: File '{MSI}': signature status is 'HashMismatch', expected 'Valid'",
        ),
    ],
)
def test_a_signature_is_checked_where_the_installed_version_can(status: str, msg: str | None) -> None:
    machine = machine_with(MSI, AGENT, SignatureStatus=status)
    result = run(machine, MODULE, {"path": MSI, "verify_signature": True})
    documentation = documentation_of(MODULE)
    assert documentation
    if "verify_signature" not in documentation.options:
        assert result["msg"].startswith(
            "Unsupported parameters for (ansible.windows.win_package) module: verify_signature"
        )
    else:
        assert result.get("msg") == msg
        assert machine.registry.exists(f"{UNINSTALL}\\{CODE}") == (msg is None)


def test_a_wrong_checksum_is_refused() -> None:
    machine = machine_with(MSI, AGENT)
    result = run(machine, MODULE, {"path": MSI, "checksum": "00", "checksum_algorithm": "sha256"})
    assert result["msg"].startswith(f"The checksum for {MSI} did not match '00', it was '")
    assert not machine.registry.exists(f"{UNINSTALL}\\{CODE}")


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"path": r"C:\none.msi"}, r"the file at the path 'C:\none.msi' cannot be reached"),
        ({"path": r"\\nas\share\x.msi"}, r"the file at the path '\\nas\share\x.msi' cannot be reached"),
        ({"path": "https://example.org/x.msi"}, "The lab does not model win_package with a URL as path"),
        ({"path": MSI, "provider": "msix"}, "The lab does not model win_package provider 'msix'"),
        ({"path": r"C:\temp\plain.exe"}, r"The lab does not model what C:\temp\plain.exe does to a machine"),
        ({}, "state is present but all of the following are missing: path"),
        ({"state": "absent"}, "state is absent but any of the following are missing: path, product_id"),
        ({"path": MSI, "creates_version": "1"}, "missing parameter(s) required by 'creates_version': creates_path"),
    ],
)
def test_what_fails(args: dict[str, Any], msg: str) -> None:
    machine = machine_with(MSI, AGENT)
    machine.files.write(r"C:\temp\plain.exe", b"MZ")
    before = machine.to_bytes()
    result = run(machine, MODULE, args)
    assert result["failed"]
    assert result["msg"].startswith(msg)
    assert machine.to_bytes() == before


def test_a_product_that_was_there_from_the_beginning_is_removed_with_its_folder_and_services() -> None:
    machine = machine_with(MSI, AGENT)
    run(machine, MODULE, {"path": MSI})
    for kept in machine.files.list(r"C:\WINDOWS\Installer"):
        machine.files.delete(rf"C:\WINDOWS\Installer\{kept}")
    assert predicts(machine, MODULE, {"product_id": CODE, "state": "absent"})["changed"]
    assert "Agent" not in machine.services
    assert not machine.files.exists(r"C:\Program Files\Agent")


def test_forticlient_comes_with_its_adapters_and_leaves_its_settings() -> None:
    metadata = forticlient.msi_metadata("7.0.7.0345")
    machine = machine_with(MSI, metadata)
    assert predicts(machine, MODULE, {"path": MSI})["changed"]
    assert forticlient.installed_version(machine) == "7.0.7.0345"
    assert [adapter.name for adapter in machine.tunnel_adapters()] != []
    assert not predicts(machine, MODULE, {"path": MSI})["changed"]
    assert predicts(machine, MODULE, {"product_id": metadata["ProductCode"], "state": "absent"})["changed"]
    assert forticlient.installed_version(machine) is None
    assert machine.tunnel_adapters() == []
    assert machine.registry.exists(forticlient.TUNNELS)


def test_forticlient_s_upgrade_takes_the_package_of_the_version_before_along() -> None:
    machine = machine_with(MSI, forticlient.msi_metadata("7.0.7.0345"))
    run(machine, MODULE, {"path": MSI})
    (old,) = machine.files.list(r"C:\WINDOWS\Installer")
    metadata = forticlient.msi_metadata("7.4.3.8758")
    machine.files.write(MSI, installer_bytes(metadata))
    run(machine, MODULE, {"path": MSI})
    (new,) = machine.files.list(r"C:\WINDOWS\Installer")
    assert new != old
    run(machine, MODULE, {"product_id": metadata["ProductCode"], "state": "absent"})
    assert machine.files.list(r"C:\WINDOWS\Installer") == []


@pytest.mark.parametrize("word", ["INSTALLDIR=D:\\x", "/forcerestart", "REBOOT=Force", 'A="b c"'])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_msiexec_would_do_more_is_refused_by_name(word: str, state: str) -> None:
    machine = machine_with(MSI, AGENT)
    if state == "absent":
        run(machine, MODULE, {"path": MSI})
    before = machine.to_bytes()
    args = {"path": MSI, "state": state, "arguments": f"/norestart {word}", "log_path": r"C:\temp\log.txt"}
    assert run(machine, MODULE, args)["msg"] == f"The lab does not model {word} on msiexec's command line."
    assert machine.to_bytes() == before


def test_without_windows_installers_service_nothing_is_installed() -> None:
    machine = machine_with(MSI, AGENT)
    machine.services["msiserver"] = Service("msiserver")
    machine.registry.set(f"{SERVICES}\\msiserver", "Start", Value("REG_DWORD", 4))
    assert run(machine, MODULE, {"path": MSI})["rc"] == 1601
    machine.registry.set(f"{SERVICES}\\msiserver", "Start", Value("REG_DWORD", 3))
    assert run(machine, MODULE, {"path": MSI})["rc"] == 0


def test_an_uninstallation_leaves_a_log() -> None:
    machine = machine_with(MSI, AGENT)
    run(machine, MODULE, {"path": MSI})
    run(machine, MODULE, {"path": MSI, "state": "absent", "log_path": r"C:\temp\log.txt"})
    log = machine.files.read(r"C:\temp\log.txt").decode("utf-16").splitlines()
    assert log[0] == "MSI (s) (A4:10): MainEngineThread is returning 0"
    assert f"Property(S): ProductCode = {AGENT['ProductCode']}" in log


def test_a_failed_uninstallation_shows_its_log() -> None:
    machine = machine_with(MSI, AGENT, UninstallExitCode=1603)
    run(machine, MODULE, {"path": MSI})
    result = run(machine, MODULE, {"path": MSI, "state": "absent"})
    assert (result["rc"], "MainEngineThread is returning 1603" in result["log"]) == (1603, True)
    result = run(machine, MODULE, {"path": MSI, "state": "absent", "log_path": r"C:\none\log.txt"})
    assert result["rc"] == 1622


def test_a_product_of_the_user_alone_is_found() -> None:
    machine = machine_with(EXE, EDITOR)
    machine.load_profile(ADMIN)
    key = rf"HKU\{ADMIN}\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Own"
    machine.registry.set(key, "UninstallString", Value("REG_SZ", r"C:\own\remove.exe"))
    assert run(machine, MODULE, {"path": EXE, "product_id": "Own"})["changed"] is False
    result = run(machine, MODULE, {"product_id": "Own", "state": "absent"})
    assert result["msg"] == r"The lab does not model what C:\own\remove.exe does to a machine."


def test_in_check_mode_a_file_that_is_not_there_yet_would_be_installed() -> None:
    machine = small_machine()
    result = run(machine, MODULE, {"path": r"C:\none.msi"}, check=True)
    assert result == {"changed": True, "rc": 0, "reboot_required": False}
