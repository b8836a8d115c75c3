"""mac_endpoint_state: what leaves a Mac, and what stands there when something cannot be read."""

from __future__ import annotations

import datetime
import grp
import json
import os
import plistlib
import pwd
from pathlib import Path
from typing import Any

import pytest

from plugins.modules import mac_endpoint_state as reader
from plugins.plugin_utils.state.document import check_document

ME = pwd.getpwuid(os.getuid()).pw_name
MY_GROUP = grp.getgrgid(os.getgid()).gr_name
NOBODY = "Available network connection services in the current set (*=enabled):\n"
UUID = "8A0F7A3D-3C8E-4C52-9E3D-0B9A1A2B3C4D"


def forticlient(status: str, name: str = "VPN") -> str:
    shown = f"({status})".ljust(18)
    display, quoted = "VPN (com.fortinet.forticlient.macos.vpn)", f'"{name}"'.ljust(34)
    return f"* {shown} {UUID} {display} {quoted} [VPN:com.fortinet.forticlient.macos.vpn]\n"


OTHER = (
    '* (Connected)      11111111-2222-3333-4444-555555555555 VPN (io.tailscale.ipn.macsys) "Tailscale"'
    "                        [VPN:io.tailscale.ipn.macsys]\n"
)


def commands(nc_list: str = NOBODY, **failing: int) -> Any:
    """Stand in for run_command; `failing` gives exit codes by program."""
    answers = {
        "sw_vers": "ProductName:\t\tmacOS\nProductVersion:\t\t14.7.1\nBuildVersion:\t\t23H222\n",
        "scutil --get ComputerName": "太郎のMacBook\n",
        "scutil --nc list": nc_list,
    }

    def run(arguments: list[str]) -> tuple[int, str, str]:
        program, *rest = arguments
        name = " ".join([Path(program).name, *rest])
        code = failing.get(Path(program).name, 0)
        return (code, "", "no") if code else (0, answers[name], "")

    return run


def read(run_command: Any = None, **request: Any) -> dict[str, Any]:
    return reader.read({"plists": [], "files": [], "tools": []} | request, run_command or commands())


def plist(path: Path, keys: list[str]) -> Any:
    return read(plists=[{"path": str(path), "keys": keys}])["plists"][str(path)]


@pytest.fixture
def vpn(tmp_path: Path) -> Path:
    path = tmp_path / "vpn.plist"
    profiles = {
        "Office": {"Server": "vpn.example.org", "ServerPort": 443, "SSOEnabled": False, "AuthInfo": b"secret"},
        "在宅/自宅": {"Server": "home.example.org"},
        "Broken": "text",
    }
    path.write_bytes(plistlib.dumps({"Profiles": profiles, "EnableSSL": 1, "Password": "secret"}))
    path.chmod(0o644)
    return path


def test_only_allowed_keys_leave_the_machine(vpn: Path) -> None:
    assert plist(vpn, ["Profiles/*/Server", "Profiles/Office/ServerPort", "EnableSSL", "Nothing/At/All"]) == {
        "exists": True,
        "format": "xml",
        "owner": ME,
        "group": MY_GROUP,
        "mode": "0644",
        "data": {
            "Profiles": {
                "Office": {"Server": "vpn.example.org", "ServerPort": 443},
                "在宅/自宅": {"Server": "home.example.org"},
            },
            "EnableSSL": 1,
        },
    }


def test_no_key_allowed_no_data(vpn: Path) -> None:
    assert plist(vpn, [])["data"] == {}


def test_a_profile_without_the_named_key_is_still_seen(vpn: Path) -> None:
    assert plist(vpn, ["Profiles/*/ServerPort"])["data"] == {
        "Profiles": {"Office": {"ServerPort": 443}, "在宅/自宅": {}}
    }


def test_the_last_key_comes_with_all_below_it_in_types_of_json(tmp_path: Path) -> None:
    path = tmp_path / "any.plist"
    when = datetime.datetime(2026, 4, 1, 9, 30)  # plists hold naive UTC
    content = {"A": {"flag": True, "number": 1, "real": 1.5, "bytes": b"\x00\xff", "when": when, "list": [{"x": "y"}]}}
    path.write_bytes(plistlib.dumps(content, fmt=plistlib.FMT_BINARY))
    found = plist(path, ["*"])
    assert found["format"] == "binary"
    values = {"number": 1, "real": 1.5, "bytes": "00ff", "when": "2026-04-01T09:30:00Z", "list": [{"x": "y"}]}
    assert found["data"] == {"A": {"flag": True, **values}}
    assert found["data"]["A"]["flag"] is True


def test_a_missing_plist_is_reported_as_missing(tmp_path: Path) -> None:
    assert plist(tmp_path / "no.plist", ["*"]) == {"exists": False}
    assert plist(tmp_path / "no" / "no.plist", ["*"]) == {"exists": False}


@pytest.mark.parametrize("content", [b"", b"garbage", b"bplist00garbage", b"<?xml version='1.0'?><plist><dict>"])
def test_garbage_is_an_error_and_not_an_absence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.plist"
    path.write_bytes(content)
    assert f"{path} is not a property list" in plist(path, ["*"])["error"]


def test_a_list_at_the_top_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "list.plist"
    path.write_bytes(plistlib.dumps([1]))
    assert plist(path, ["*"]) == {"error": f"{path} holds a list, not a dictionary"}


def test_what_may_not_be_read_is_an_error(vpn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_arguments: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    assert plist(vpn, ["*"]) == {"error": f"{vpn} may not be read by {ME}"}


def test_files_are_reported_with_kind_owner_and_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    file, link, pipe = tmp_path / "file", tmp_path / "link", tmp_path / "pipe"
    file.touch()
    file.chmod(0o4755)
    link.symlink_to("nowhere")
    os.mkfifo(pipe)
    paths = [str(path) for path in (tmp_path, file, link, pipe, tmp_path / "none")]
    found = read(files=paths)["files"]
    mine = {"exists": True, "owner": ME, "group": MY_GROUP}
    assert found[paths[0]] == {**mine, "type": "directory", "mode": "0750"}
    assert found[paths[1]] == {**mine, "type": "file", "mode": "4755"}
    assert found[paths[2]]["type"] == "link"
    assert found[paths[3]]["type"] == "other"
    assert found[paths[4]] == {"exists": False}


@pytest.mark.parametrize(
    ("status", "active"),
    [("Connected", True), ("Connecting", True), ("Disconnecting", True), ("Disconnected", False), ("Invalid", False)],
)
def test_the_tunnel_is_found_by_bundle_id_in_every_state(status: str, active: bool) -> None:
    tunnel = read(commands(NOBODY + OTHER + forticlient(status, 'My "own" VPN')))["tunnel"]
    service = {"id": UUID, "name": 'My "own" VPN', "status": status, "type": "VPN:com.fortinet.forticlient.macos.vpn"}
    assert tunnel == {"active": active, "services": [service]}


def test_somebody_else_s_vpn_is_not_ours(tmp_path: Path) -> None:
    assert read(commands(NOBODY + OTHER))["tunnel"] == {"active": False, "services": []}


def test_versions_and_name_of_the_machine() -> None:
    system = read()["system"]
    assert system["product_version"] == "14.7.1"
    assert system["build"] == "23H222"
    assert system["computer_name"] == "太郎のMacBook"
    assert system["architecture"] == os.uname().machine


def test_a_program_that_fails_is_an_error_in_what_it_tells_alone() -> None:
    document = read(commands(scutil=1))
    assert document["tunnel"] == {"error": "RuntimeError: /usr/sbin/scutil --nc list ended with 1: no"}
    name = {"error": "RuntimeError: /usr/sbin/scutil --get ComputerName ended with 1: no"}
    assert (document["system"]["computer_name"], document["system"]["product_version"]) == (name, "14.7.1")
    assert check_document(document) == []
    system = read(commands(sw_vers=1))["system"]
    refused = {"error": "RuntimeError: /usr/bin/sw_vers ended with 1: no"}
    assert (system["product_version"], system["build"], system["computer_name"]) == (refused, refused, "太郎のMacBook")


@pytest.mark.parametrize("status", ["Disconnected", "Connected"])
def test_a_line_of_the_client_that_is_not_understood_leaves_open_only_what_no_other_line_decides(status: str) -> None:
    odd = "* (Connected) com.fortinet.forticlient.macos.vpn in another layout\n"
    tunnel = read(commands(NOBODY + forticlient(status) + odd))["tunnel"]
    if status == "Connected":
        assert tunnel["active"] is True
    else:
        assert tunnel["error"].endswith(f"what is not understood: {odd.strip()}")


@pytest.mark.parametrize(("uid", "user"), [(0, None), (248, None), (501, "taro")])
def test_the_console_s_owner_is_the_user_and_root_is_nobody(
    uid: int, user: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "stat", lambda self: os.stat_result((0, 0, 0, 0, uid, 0, 0, 0, 0, 0)))
    monkeypatch.setattr(reader, "user_name", {501: "taro"}.get)
    assert reader.read_console_user() == user


def test_the_document_passes_the_controller_s_check(vpn: Path) -> None:
    document = read(plists=[{"path": str(vpn), "keys": ["*"]}], files=[str(vpn)])
    assert check_document(document) == []
    assert document["schema"] == 1
    assert document["platform"] == "Darwin"


def test_a_byte_that_is_no_utf8_costs_a_character_and_not_the_whole_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = '{"a\\ud800": {"smb_shared": 1, "smb_guest_access": 1}}'

    class Module:
        def __init__(self, **_options: Any) -> None:
            self.params = {"plists": [], "files": [], "tools": ["file_sharing"]}

        def run_command(self, arguments: list[str]) -> tuple[int, str, str]:
            # As Ansible decodes what a program writes: a byte that is no UTF-8 is half a character.
            return (0, shares, "") if "sharing" in arguments[0] else (0, "Rechner\udcff\n", "")

        def exit_json(self, **answer: Any) -> None:
            print(json.dumps(answer, ensure_ascii=False).encode("utf-8").decode())

    monkeypatch.setattr(reader, "AnsibleModule", Module)
    reader.main()
    document = json.loads(capsys.readouterr().out)["document"]
    assert document["system"]["computer_name"] == "Rechner\N{REPLACEMENT CHARACTER}"
    assert document["tools"]["file_sharing"]["guest_shares"] == ["a\N{REPLACEMENT CHARACTER}"]


# --- What Apple's tools tell: formats, streams and codes of docs/sources/macos.md -----------------------------------


def reported(ask: str, answers: dict[str, tuple[int, str, str]]) -> Any:
    """Return what is read when programs answer so (code, standard output, standard error), by their arguments."""

    def run(arguments: list[str]) -> tuple[int, str, str]:
        return answers[" ".join([Path(arguments[0]).name, *arguments[1:]])]

    return reader.node(reader.read_tool, ask, run)


SERVICES = """An asterisk (*) denotes that a network service is disabled.
(1) Wi-Fi
(Hardware Port: Wi-Fi, Device: en0)

(*) 雷雳网桥
(Hardware Port: Thunderbolt Bridge, Device: bridge0)

(2) VPN
(Hardware Port: com.fortinet.forticlient.macos.vpn, Device:)

"""


def test_network_services_have_their_proxies_and_a_vpn_s_also_its_bundle_id():
    answers = {"networksetup -listnetworkserviceorder": (0, SERVICES, "")}
    for name in ("Wi-Fi", "雷雳网桥", "VPN"):
        answers[f"networksetup -getautoproxyurl {name}"] = (0, "URL: (null)\nEnabled: No\n", "")
        answers[f"networksetup -getproxyautodiscovery {name}"] = (0, "Auto Proxy Discovery: On\n", "")
    answers["networksetup -getautoproxyurl Wi-Fi"] = (0, "URL: http://p.example.org/a.pac\nEnabled: Yes\n", "")
    answers["networksetup -getproxyautodiscovery Wi-Fi"] = (0, "Auto Proxy Discovery: Off\n", "")
    services = reported("network_services", answers)
    assert services["Wi-Fi"] == {
        "name": "Wi-Fi",
        "pac_url": "http://p.example.org/a.pac",
        "pac": True,
        "auto_detect": False,
        "enabled": True,
        "device": "en0",
    }
    assert (services["雷雳网桥"]["enabled"], services["雷雳网桥"]["pac_url"]) == (False, "")
    assert services["com.fortinet.forticlient.macos.vpn"] == services["VPN"]


def test_a_service_that_networksetup_fails_for_hides_no_other_and_keeps_its_device():
    answers = {"networksetup -listnetworkserviceorder": (0, SERVICES, "")}
    for name in ("Wi-Fi", "雷雳网桥", "VPN"):
        answers[f"networksetup -getautoproxyurl {name}"] = (0, "URL: (null)\nEnabled: No\n", "")
        answers[f"networksetup -getproxyautodiscovery {name}"] = (0, "Auto Proxy Discovery: On\n", "")
    answers["networksetup -getautoproxyurl Wi-Fi"] = (4, "** Error: not valid\n", "")
    services = reported("network_services", answers)
    assert services["Wi-Fi"] == {
        "error": "RuntimeError: networksetup -getautoproxyurl Wi-Fi ended with 4: ** Error: not valid",
        "name": "Wi-Fi",
        "enabled": True,
        "device": "en0",
    }
    assert services["VPN"]["auto_detect"] is True


def test_a_service_that_is_listed_in_another_form_is_not_absent():
    listed = SERVICES.replace(
        "(Hardware Port: com.fortinet.forticlient.macos.vpn, Device:)", "(com.fortinet.forticlient.macos.vpn)"
    )
    answers = {"networksetup -listnetworkserviceorder": (0, listed, "")}
    for name in ("Wi-Fi", "雷雳网桥"):
        answers[f"networksetup -getautoproxyurl {name}"] = (0, "URL: (null)\nEnabled: No\n", "")
        answers[f"networksetup -getproxyautodiscovery {name}"] = (0, "Auto Proxy Discovery: On\n", "")
    services = reported("network_services", answers)
    unclear = {"error": "networksetup -listnetworkserviceorder says what is not understood"}
    assert (services["VPN"], services["com.fortinet.forticlient.macos.vpn"]) == (unclear, unclear)
    assert services["Wi-Fi"]["device"] == "en0"


def test_a_list_of_services_that_changes_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(reader.time, "sleep", lambda _seconds: None)
    codes = iter([8, 8, 0, 8, 8, 8])

    def run(arguments):
        code = next(codes)
        return (code, "** Error: Unable to find item in network database.\n" if code else "fine", "")

    assert reader.networksetup(run, "-listallnetworkservices") == "fine"
    with pytest.raises(RuntimeError, match=r"ended with 8: .*network database"):
        reader.networksetup(run, "-listallnetworkservices")


def test_an_error_that_networksetup_writes_to_standard_output_with_code_0_is_none_of_its_answers():
    with pytest.raises(RuntimeError, match="admin privileges"):
        reader.networksetup(lambda _: (0, "** Error: Command requires admin privileges.\n", ""), "-x")


def test_system_extensions_by_bundle_id():
    name = "com.fortinet.forticlient.macos.vpn.nwextension"
    line = f"*\t*\tAH4XFXJ7DK\t{name} (7.0.7/0245)\tvpnprovider\t[activated enabled]"
    listed = f"1 extension(s)\n--- com.apple.system_extension.network_extension\n{line}\n"
    assert reported("system_extensions", {"systemextensionsctl list": (0, listed, "")}) == {
        "com.fortinet.forticlient.macos.vpn.nwextension": {
            "team": "AH4XFXJ7DK",
            "version": "7.0.7/0245",
            "state": "activated enabled",
        }
    }


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_versions_of_an_extension_the_active_one_counts(order):
    states = [("7.0.7/0245", "terminated waiting to uninstall on reboot"), ("7.4.3/4323", "activated enabled")]
    lines = [f"\t\tAH4XFXJ7DK\tcom.example.x ({version})\tx\t[{state}]\n" for version, state in states[::order]]
    found = reported("system_extensions", {"systemextensionsctl list": (0, "".join(lines), "")})
    assert found["com.example.x"]["version"] == "7.4.3/4323"


def test_an_extension_whose_line_is_not_understood_is_an_error_of_its_own():
    other = "*\t*\tAH4XFXJ7DK\tcom.example.x (1.0)\tx\t[activated enabled]"
    odd = "*\t*\tcom.fortinet.forticlient.macos.vpn.nwextension (7.4.3/4323)\t[activated enabled]"
    heading = "--- com.apple.system_extension.network_extension (Go to 'System Settings' to modify)"
    found = reported("system_extensions", {"systemextensionsctl list": (0, f"{heading}\n{odd}\n{other}\n", "")})
    assert found["com.example.x"]["state"] == "activated enabled"
    assert list(found) == ["com.fortinet.forticlient.macos.vpn.nwextension", "com.example.x"]
    error = found["com.fortinet.forticlient.macos.vpn.nwextension"]["error"]
    assert error == f"systemextensionsctl says what is not understood: {odd}"


NOISE = "No ALTQ support in kernel\nALTQ related functions disabled\n"


@pytest.mark.parametrize(
    ("code", "out", "err", "expected"),
    [
        (
            0,
            "pass in quick proto tcp from any to any port = 445\n",
            NOISE,
            ["pass in quick proto tcp from any to any port = 445"],
        ),
        (0, "", NOISE, []),
        # Whatever else stands there may let somebody in.
        (0, 'anchor "more" all\nblock drop in all\n', NOISE, ['anchor "more" all', "block drop in all"]),
        (1, "", NOISE + "pfctl: Anchor 'com.apple/x' not found.\n", []),
        (1, "", NOISE + "pfctl: DIOCGETRULES: Invalid argument\n", []),
    ],
)
def test_an_anchor_s_rules_are_counted_and_not_its_exit_code(code, out, err, expected):
    assert reported("anchor com.apple/x", {"pfctl -a com.apple/x -s rules": (code, out, err)}) == {"rules": expected}


def test_pfctl_without_root_is_an_error():
    answer = {"pfctl -a com.apple/x -s rules": (1, "", "pfctl: /dev/pf: Permission denied\n")}
    assert "Permission denied" in reported("anchor com.apple/x", answer)["error"]


@pytest.mark.parametrize(
    ("line", "on"), [("Status: Enabled for 0 days 01:02:03  Debug: Urgent", True), ("Status: Disabled", False)]
)
def test_whether_the_packet_filter_is_on(line, on):
    assert reported("packet_filter", {"pfctl -s info": (0, f"{line}\n", NOISE)}) == {"enabled": on}


def test_an_answer_about_the_packet_filter_or_a_job_that_is_not_understood_is_an_error_and_not_no():
    answer = reported("packet_filter", {"pfctl -s info": (0, "Zustand: an\n", NOISE)})
    assert answer == {"error": "RuntimeError: pfctl -s info does not say whether pf is on: Zustand: an"}
    answers = {"launchctl print-disabled system": (0, '\t"com.apple.smbd" => perhaps\n', "")}
    assert reported("launchd com.apple.smbd", answers) == {
        "error": 'RuntimeError: launchctl print-disabled says what is not understood: "com.apple.smbd" => perhaps'
    }


def test_a_text_that_is_no_utf8_is_a_text_that_differs(tmp_path):
    path = tmp_path / "rules"
    path.write_bytes(b"pass \xff\n")
    assert reported(f"text {path}", {}) == {"exists": True, "text": "pass \ufffd\n"}


@pytest.mark.parametrize(
    ("word", "disabled"), [("disabled", True), ("true", True), ("enabled", False), ("false", False)]
)
def test_a_job_s_two_wordings(word, disabled):
    answers = {
        "launchctl print-disabled system": (0, f'disabled services = {{\n\t\t"com.apple.smbd" => {word}\n}}\n', ""),
        "launchctl print system/com.apple.smbd": (113, "", "Could not find service"),
    }
    assert reported("launchd com.apple.smbd", answers) == {"disabled": disabled, "loaded": False}


def test_guests_and_the_shares_that_let_them_in():
    shares = {
        "open": {"path": "/a", "smb_shared": 1, "smb_guest_access": 1},
        "kept": {"path": "/b", "smb_shared": 1, "smb_guest_access": 0},
        "not shared": {"path": "/c", "smb_shared": 0, "smb_guest_access": 1},
    }
    answers = {
        "sysadminctl -smbGuestAccess status": (
            0,
            "",
            "2026-11-23 12:00:00.000 sysadminctl[1:2] SMB guest access disabled\n",
        ),
        "sharing -l -f json": (0, json.dumps(shares), ""),
    }
    assert reported("file_sharing", answers) == {"guest_access": False, "guest_shares": ["open"]}


GUESTS_OFF = {"sysadminctl -smbGuestAccess status": (0, "", "SMB guest access disabled.\n")}


def guest_shares(text: str, json_form: tuple[int, str, str] = (64, "", "sharing: illegal option -- f\n")) -> Any:
    answers = GUESTS_OFF | {"sharing -l -f json": json_form, "sharing -l": (0, text, "")}
    return reported("file_sharing", answers)["guest_shares"]


# As published for macOS 10.13 to 26, a tab as ~: heading at the left or not, tabs or spaces, with and without AFP, with
# a mark for Time Machine, paths indented.
TEXTS = [
    text.replace("~", "\t")
    for text in (
        """List of Share Points
name:~~open
path:~~/a
~afp:~{
~~name:~open
~~shared:~0
~~guest access:~0
~}
~smb:~{
~~name:~open
~~shared:~1
~~guest access:~1
~}

name:~~kept
path:~~/b
~smb:~{
~~shared:~1
~~guest access:~0
~~read-only:~0
~}
""",
        """
~~~List of Share Points
name:~~open
path:~~/Users/me/Public
~smb:~{
    ~~name:~Public
    ~~shared:~1
    ~~guest access:~1
    ~~read-only:~0
~}
name:~~Private
path:~~/b
~smb:~{
    ~~shared:~0
    ~~guest access:~1
~}
""",
        """
List of Share Points
name: open
path: /a
  smb: {
    name: open
    shared: 1
    guest access: 1
  }
""",
        """List of Share Points
name:~~open
~path:~~/a
~smb:
~{
~~guest access:~1
~~shared:~1
~~sealed:~0
~}
~smb time machine:~1
name:~~off
~path:~/c
~afp:~~disabled
~smb:~~disabled
""",
    )
]


@pytest.mark.parametrize("text", TEXTS)
def test_shares_are_read_from_every_published_text_where_there_is_no_json(text):
    assert guest_shares(text) == ["open"]


@pytest.mark.parametrize(
    "shares",
    [
        {"open": {"smb_shared": 1, "smb_guest_access": 1}, "kept": {"smb_shared": 1, "smb_guest_access": 0}},
        {"open": {"smb_shared": True, "smb_guest_access": True}, "kept": {"smb_shared": False}},
        {"open": {"smb_shared": "1", "smb_guest_access": "1"}, "kept": {"smb_shared": "1", "smb_guest_access": "0"}},
        [{"name": "open", "smb_shared": 1, "smb_guest_access": 1}, {"name": "kept", "smb_guest_access": 0}],
    ],
)
def test_shares_are_read_from_every_published_json(shares):
    assert guest_shares("", (0, json.dumps(shares), "")) == ["open"]


@pytest.mark.parametrize("out", ["", "{}", "[]"])
def test_no_share_is_none_that_lets_guests_in(out):
    assert guest_shares("List of Share Points\n", (0, out, "")) == []


def test_what_is_no_json_is_read_as_text():
    assert guest_shares(TEXTS[0], (0, TEXTS[0], "")) == ["open"]


@pytest.mark.parametrize(
    "odd",
    [
        "name:\t\todd\npath:\t/c\n",
        "name:\t\todd\n\tsmb:\t{\n\t\tshared:\t1\n\t}\n",
        "name:\t\todd\n\tsmb:\t{\n\t\tshared:\tja\n\t\tguest access:\tja\n\t}\n",
        "name:\t\todd\n\tsmb:\t\tenabled\n",
    ],
)
def test_a_share_that_is_not_understood_leaves_open_only_what_no_other_share_decides(odd):
    error = {"error": "RuntimeError: sharing -l does not say whether guests are let in to odd"}
    assert guest_shares(odd) == error
    assert guest_shares(TEXTS[0] + odd) == ["open"]
    closed = "name:\t\tkept\n\tsmb:\t{\n\t\tshared:\t1\n\t\tguest access:\t0\n\t}\n"
    assert guest_shares(closed + odd) == error
    assert guest_shares("", (0, json.dumps({"odd": 1, "kept": {"smb_guest_access": 0}}), "")) == error


def test_guest_access_and_shares_do_not_hide_each_other():
    shares = {"sharing -l -f json": (0, '{"open": {"smb_shared": 1, "smb_guest_access": 1}}', "")}
    odd = {"sysadminctl -smbGuestAccess status": (0, "", "SMB-Gastzugriff aus\n")}
    assert reported("file_sharing", shares | odd) == {
        "guest_access": {"error": "RuntimeError: sysadminctl -smbGuestAccess status ended with 0: SMB-Gastzugriff aus"},
        "guest_shares": ["open"],
    }
    failing = {"sharing -l -f json": (1, "", "no"), "sharing -l": (1, "", "no")}
    assert reported("file_sharing", GUESTS_OFF | failing) == {
        "guest_access": False,
        "guest_shares": {"error": "RuntimeError: /usr/sbin/sharing -l ended with 1: no"},
    }


def test_systemsetup_without_root_is_an_error_though_it_ends_with_0():
    refused = (0, "You need administrator access to run this tool... exiting!\n", "")
    answers = {"systemsetup -getnetworktimeserver": refused, "systemsetup -getusingnetworktime": refused}
    found = reported("network_time", answers)
    assert "administrator access" in found["server"]["error"]
    assert "administrator access" in found["on"]["error"]
    answers["systemsetup -getusingnetworktime"] = (0, "Network Time: Perhaps\n", "")
    answers["systemsetup -getnetworktimeserver"] = (0, "Network Time Server: time.apple.com\n", "")
    assert reported("network_time", answers) == {
        "server": "time.apple.com",
        "on": {"error": "systemsetup says Perhaps"},
    }


def test_the_time_server_in_spite_of_noise():
    noise = "### Error:-99 File:/x/InternetServices.m Line:379\n"
    answers = {
        "systemsetup -getnetworktimeserver": (0, "Network Time Server: time.apple.com\n", noise),
        "systemsetup -getusingnetworktime": (0, "Network Time: On\n", noise),
    }
    assert reported("network_time", answers) == {"server": "time.apple.com", "on": True}


def test_a_receipt_and_a_text(tmp_path):
    receipt = plistlib.dumps({"pkgid": "com.example", "pkg-version": "7.4.3.4323"}).decode()
    assert reported("receipt com.example", {"pkgutil --pkg-info-plist com.example": (0, receipt, "")}) == {
        "exists": True,
        "version": "7.4.3.4323",
    }
    assert reported("receipt no", {"pkgutil --pkg-info-plist no": (1, "", "No receipt for 'no' found at '/'.")}) == {
        "exists": False
    }
    (tmp_path / "a").write_text("太郎\n")
    assert reported(f"text {tmp_path / 'a'}", {}) == {"exists": True, "text": "太郎\n"}
    assert reported(f"text {tmp_path / 'b'}", {}) == {"exists": False}


def test_a_tool_that_nobody_knows_is_an_error_in_the_document():
    assert "nothing is known about bluetooth" in reported("bluetooth", {})["error"]


def test_all_rules_of_the_packet_filter_by_anchor():
    answers = {
        "pfctl -s rules": (0, 'scrub-anchor "com.apple/*" all\nanchor "com.apple/*" all\nblock drop all\n', NOISE),
        "pfctl -s Anchors": (0, "  com.apple\n", NOISE),
        "pfctl -a com.apple -s rules": (0, "", NOISE),
        "pfctl -a com.apple -s Anchors": (0, "  com.apple/250.x\n  short\n", NOISE),
        "pfctl -a com.apple/250.x -s rules": (0, "pass in quick all\n", NOISE),
        "pfctl -a com.apple/250.x -s Anchors": (0, "", NOISE),
        "pfctl -a com.apple/short -s rules": (1, "", "pfctl: DIOCGETRULES: Invalid argument\n"),
        "pfctl -a com.apple/short -s Anchors": (1, "", "pfctl: Anchor 'com.apple/short' not found.\n"),
    }
    assert reported("packet_filter_rules", answers) == {
        "rules": {
            "main": ['anchor "com.apple/*" all', "block drop all"],
            "anchors": {"com.apple": [], "com.apple/250.x": ["pass in quick all"], "com.apple/short": []},
        }
    }
    answers["pfctl -s rules"] = (1, "", "pfctl: /dev/pf: Permission denied\n")
    assert "Permission denied" in reported("packet_filter_rules", answers)["error"]


@pytest.mark.parametrize(
    ("state", "everything", "program", "expected"),
    [
        (0, "Block all DISABLED!", "permitted", (False, False, False)),
        (1, "Firewall has block all state set to disabled.", "permitted", (True, False, False)),
        (1, "Firewall has block all state set to enabled.", "permitted", (True, True, False)),
        (1, "Firewall is set to block all non-essential incoming connections", "permitted", (True, True, False)),
        (2, "Block all ENABLED!", "blocked", (True, True, True)),
        (2, "Block all DISABLED!", "permitted", (True, True, False)),
    ],
)
def test_what_the_application_firewall_blocks(state, everything, program, expected):
    answers = {
        "socketfilterfw --getglobalstate": (
            0,
            f"Firewall is {'enabled' if state else 'disabled'}. (State = {state})\n",
            "",
        ),
        "socketfilterfw --getblockall": (0, f"{everything}\n", ""),
        "socketfilterfw --getappblocked /usr/sbin/smbd": (
            0,
            f"Incoming connection to the application is {program}\n",
            "",
        ),
    }
    enabled, block_all, smbd_blocked = expected
    found = {"enabled": enabled, "block_all": block_all, "smbd_blocked": smbd_blocked}
    assert reported("application_firewall", answers) == found
    answers["socketfilterfw --getblockall"] = (0, "Something else.\n", "")
    assert "Something else." in reported("application_firewall", answers)["error"]


def test_when_a_mac_sleeps_on_mains_power():
    text = (
        "Battery Power:\n Sleep On Power Button 1\n sleep                1\nAC Power:\n womp                 1\n"
        " sleep                10 (sleep prevented by caffeinate)\n hibernatefile        /var/vm/sleepimage\n"
    )
    assert reported("power", {"pmset -g custom": (0, text, "")}) == {"mains": {"womp": 1, "sleep": 10}}
    assert (
        "names no settings for mains power" in reported("power", {"pmset -g custom": (0, "UPS Power:\n", "")})["error"]
    )
