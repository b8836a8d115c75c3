"""The places of Windows' registry: what each finds and says of it, and how it is written and put back."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Located, LocatorError, Unreadable
from plugins.plugin_utils.state.places import locator_problem, place_of
from plugins.plugin_utils.state.state import State
from tests.samples.documents import MISSING, TUNNELS, WINDOWS_READS, dword, key, sz, windows

TARO, HANAKO, GONE = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1009"
SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
CLIENT = r"SOFTWARE\Fortinet\FortiClient"
READS: dict[str, Any] = {
    **WINDOWS_READS,
    "user_registry": [
        {"path": SETTINGS},
        {"path": CLIENT + r"\Sslvpn\Tunnels", "depth": 1},
        {"path": CLIENT + r"\IPSec\Tunnels", "depth": 2},
    ],
}
# Direct alone, as Windows writes it for a connection that nobody has set.
BLOB = "460000000200000001000000000000000000000000000000" + "00" * 32
TUNNEL = {"registry": TUNNELS + r"\IMR"}
SERVER = {**TUNNEL, "value": "Server"}


def document(**changes: Any) -> dict[str, Any]:
    users = {
        "default": {"hive": "file", "profile_path": r"C:\Users\Default", "registry": {}},
        TARO: {
            **{"hive": "loaded", "profile_path": r"C:\Users\taro"},
            "registry": {
                SETTINGS: key({"ProxyEnable": dword(1), "Blob": {"type": "REG_BINARY", "data": BLOB}}),
                CLIENT + r"\Sslvpn\Tunnels": key(keys={"Own": key({"Server": sz("10.0.0.1:443")})}),
                CLIENT + r"\IPSec\Tunnels": key(keys={"Lab": key(keys={"P1": key({"RemoteGW": sz("10.0.0.2")})})}),
            },
        },
        HANAKO: {"hive": "file", "profile_path": r"D:\花子", "registry": {}},
        GONE: {"hive": "missing", "profile_path": r"C:\Users\gone", "registry": {}},
    }
    return {**windows(), "users": users, **changes}


def state(**changes: Any) -> State:
    return State(document(**changes), READS)


def look(where: dict[str, Any], **changes: Any) -> Located:
    return state(**changes).locate(where)


def written(where: dict[str, Any], value: Any, type_: str | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {}
    place_of(where).write(item, value, type_, state(), made=0)
    return item


@pytest.mark.parametrize(
    ("where", "located"),
    [
        (SERVER, Located(True, "fg.imr.tohoku.ac.jp:443", "REG_SZ", TUNNELS + r"\IMR Server (REG_SZ)")),
        (
            {"registry": TUNNELS + r"\Lab"},
            Located(False, evidence=TUNNELS + r"\Lab", missing="not there (the key does not exist)"),
        ),
        (
            {"user_registry": SETTINGS, "value": "ProxyEnable", "user": TARO},
            Located(True, 1, "REG_DWORD", rf"HKU\{TARO}\{SETTINGS} ProxyEnable (REG_DWORD)"),
        ),
        (
            {"user_registry": SETTINGS, "user": TARO},
            Located(True, evidence=rf"HKU\{TARO}\{SETTINGS}", missing="not there (the key does not exist)"),
        ),
        (
            {"user_registry": SETTINGS, "value": "ProxyEnable", "user": GONE},
            Located(
                False, evidence=rf"HKU\{GONE}\{SETTINGS}", missing="not there (the user's profile is gone)"
            ),
        ),
    ],
)  # fmt: skip
def test_what_the_registry_holds_is_told_with_its_place(where, located):
    assert look(where) == located


WININET = {"user_registry": SETTINGS, "type": "REG_BINARY", "decode": "wininet", "user": TARO}


def test_a_binary_value_is_told_by_its_meaning_with_what_it_was():
    located = look({**WININET, "value": "Blob"})
    assert {name: located.value[name] for name in ("counter", "direct", "manual", "proxy")} == {
        **{"counter": 2, "direct": True, "manual": False, "proxy": ""},
    }
    assert (located.raw, located.type) == (BLOB, "REG_BINARY")
    assert located.evidence == rf"HKU\{TARO}\{SETTINGS} Blob (REG_BINARY)"


def test_a_binary_value_without_a_meaning_stays_as_it_is_and_says_why():
    broken = document()
    broken["users"][TARO]["registry"][SETTINGS]["values"]["Blob"]["data"] = "4600"
    located = State(broken, READS).locate({**WININET, "value": "Blob"})
    assert (located.value, located.raw) == ("4600", "4600")
    assert located.evidence == (
        rf"HKU\{TARO}\{SETTINGS} Blob (REG_BINARY): "
        "the value has 2 bytes; proxy settings begin with 12 bytes of header"
    )


@pytest.mark.parametrize(("name", "value"), [("ProxyEnable", 1), ("Nothing", None)])
def test_what_is_not_binary_is_not_decoded(name, value):
    located = look({**WININET, "value": name})
    assert (located.value, located.raw) == (value, None)


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        (SERVER, None),
        ({**WININET, "value": "Blob"}, None),
        ({**SERVER, "decode": "wininet"}, "decode needs value, and type: REG_BINARY"),
        ({**SERVER, "decode": "wininet", "type": "REG_SZ"}, "decode needs value, and type: REG_BINARY"),
        (
            {"registry": r"HKLM\X", "type": "REG_BINARY", "decode": "wininet"},
            "decode needs value, and type: REG_BINARY",
        ),
        ({**SERVER, "type": "REG_BINARY", "decode": "hex"}, "decode is 'hex'; allowed: wininet"),
        (
            {**SERVER, "type": "DWORD"},
            "type is 'DWORD'; allowed: REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ, REG_DWORD, REG_QWORD, REG_BINARY, REG_NONE",
        ),
        ({"registry": r"Software\X"}, r"registry is 'Software\\X'; a path such as HKLM\SOFTWARE\Name is needed"),
        (
            {"user_registry": r"HKCU\Software"},
            r"user_registry is 'HKCU\\Software'; a path from the top of the hive (Software\Name) is needed",
        ),
    ],
)
def test_a_wrong_locator_is_told_and_a_right_one_is_not(where, problem):
    assert locator_problem(where) == problem


HKLM_A = {"registry": r"HKLM\SOFTWARE\A"}
OF_TARO = {"user_registry": r"Software\A", "user": TARO}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (HKLM_A, {"registry": "HKEY_LOCAL_MACHINE\\software\\a\\"}, True),
        ({**HKLM_A, "value": "Server"}, {**HKLM_A, "value": "SERVER", "type": "REG_SZ"}, True),
        ({**HKLM_A, "value": "Server"}, HKLM_A, False),
        ({**HKLM_A, "value": "Server"}, {**HKLM_A, "value": "Port"}, False),
        (OF_TARO, {**OF_TARO, "user": TARO.lower()}, True),
        (OF_TARO, {**OF_TARO, "user": HANAKO}, False),
        (OF_TARO, {"user_registry": r"Software\A"}, False),
        (OF_TARO, {"registry": r"HKLM\Software\A"}, False),
    ],
)
def test_the_same_place_is_known_however_it_is_written(one, other, same):
    assert (place_of(one).identity == place_of(other).identity) is same


@pytest.mark.parametrize(
    ("inner", "container", "inside"),
    [
        ({**HKLM_A, "value": "V"}, {"registry": r"HKLM\software"}, True),
        ({**HKLM_A, "value": "V"}, HKLM_A, True),
        (HKLM_A, HKLM_A, True),
        (HKLM_A, {**HKLM_A, "value": "V"}, False),
        ({**HKLM_A, "value": "V"}, {**HKLM_A, "value": "V"}, False),
        ({"registry": r"HKLM\SOFTWARE"}, HKLM_A, False),
        ({"registry": r"HKLM\SOFTWARE\Ab"}, HKLM_A, False),
        ({**OF_TARO, "value": "V"}, OF_TARO, True),
        ({**OF_TARO, "value": "V"}, {**OF_TARO, "user": HANAKO}, False),
    ],
)
def test_what_lies_in_a_key_is_known(inner, container, inside):
    assert place_of(inner).lies_in(place_of(container)) is inside


@pytest.mark.parametrize(
    ("where", "above"),
    [
        ({**HKLM_A, "value": "V"}, [HKLM_A, {"registry": r"HKLM\SOFTWARE"}]),
        (HKLM_A, [{"registry": r"HKLM\SOFTWARE"}]),
        ({**OF_TARO, "value": "V"}, [OF_TARO, {"user_registry": "Software", "user": TARO}]),
        ({"user_registry": r"Software\A", "value": "V"}, [{"user_registry": r"Software\A"},
                                                          {"user_registry": "Software"}]),
        (OF_TARO, [{"user_registry": "Software", "user": TARO}]),
    ],
)  # fmt: skip
def test_what_a_place_belongs_to_is_told_innermost_first(where, above):
    assert place_of(where).above() == above


@pytest.mark.parametrize(
    ("where", "value", "type_", "item"),
    [
        (
            SERVER, "vpn:443", "REG_SZ",
            {"path": r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR", "name": "Server", "delete_key": False,
             "state": "present", "data": "vpn:443", "type": "string"},
        ),
        (
            {**HKLM_A, "value": "V"}, None, "REG_SZ",
            {"path": r"HKLM:\SOFTWARE\A", "name": "V", "delete_key": False, "state": "absent"},
        ),
        (HKLM_A, None, None, {"path": r"HKLM:\SOFTWARE\A", "state": "absent", "delete_key": True}),
        (
            {"registry": "hkey_local_machine:\\\\SOFTWARE\\A\\", "value": "V"}, "0a0b0c", "REG_BINARY",
            {"path": r"HKLM:\SOFTWARE\A", "name": "V", "delete_key": False, "state": "present", "data": "0a,0b,0c",
             "type": "binary"},
        ),
        (
            {"registry": r"HKU\.DEFAULT\A", "value": "V"}, "0a0b", "REG_NONE",
            {"path": r"HKU:\.DEFAULT\A", "name": "V", "delete_key": False, "state": "present", "data": "0a,0b",
             "type": "none"},
        ),
        (
            {**OF_TARO, "value": "V"}, "text", None,
            {"path": rf"HKU:\{TARO}\Software\A", "name": "V", "delete_key": False, "state": "present", "data": "text",
             "type": "string"},
        ),
        (
            {"user_registry": "Software\\X\\", "user": HANAKO, "value": "V"}, 1, "REG_DWORD",
            {"path": r"HKLM:\ANSIBLE\Software\X", "hive": r"D:\花子\NTUSER.DAT", "name": "V", "delete_key": False,
             "state": "present", "data": 1, "type": "dword"},
        ),
        ({**OF_TARO, "user": "default"}, None, None,
         {"path": r"HKLM:\ANSIBLE\Software\A", "hive": r"C:\Users\Default\NTUSER.DAT", "state": "absent",
          "delete_key": True}),
    ],
)  # fmt: skip
def test_what_a_module_is_told_to_write(where, value, type_, item):
    assert written(where, value, type_) == item


@pytest.mark.parametrize("sid", [GONE, "S-1-5-21-1-2-3-7"])
def test_a_user_without_a_hive_is_not_written_to(sid):
    with pytest.raises(Unreadable) as error:
        written({**OF_TARO, "user": sid, "value": "V"}, "x")
    assert str(error.value) == f"user {sid} has no registry hive"


@pytest.mark.parametrize("where", [{"user_registry": "Software"}, {"user_client_connections": "Software"}])
def test_a_place_of_nobody_is_a_mistake_in_the_data(where):
    with pytest.raises(LocatorError) as error:
        look(where)
    assert str(error.value) == f"{where}: whose registry is meant is given by `scope: users` of the control"


def test_a_key_is_shared_and_cannot_have_held_a_value():
    assert (place_of(TUNNEL).is_shared, place_of(TUNNEL).could_hold("x")) == (True, False)
    assert (place_of(SERVER).is_shared, place_of(SERVER).could_hold("x")) == (False, True)


def test_a_user_s_connections_are_those_below_his_own_key():
    where = {"user_client_connections": CLIENT, "user": TARO}
    own = {"key": "Own", "name": "Own", "kind": "SSL-VPN", "whose": "user", "server": "10.0.0.1:443"}
    lab = {"key": "Lab", "name": "Lab", "kind": "IPsec", "whose": "user", "server": "10.0.0.2"}
    assert look(where) == Located(True, [own, lab], evidence=rf"HKU\{TARO}\{CLIENT}")
    gone = {**where, "user": GONE}
    assert look(gone) == Located(True, [], evidence=rf"HKU\{GONE}\{CLIENT}")


def test_the_machine_s_connections_are_those_below_its_key():
    server = {"name": "IMR", "kind": "SSL-VPN", "whose": "machine", "server": "fg.imr.tohoku.ac.jp:443"}
    path = rf"HKLM\{CLIENT}"
    registry = {
        TUNNELS: key(keys={"IMR": key({"Server": sz("fg.imr.tohoku.ac.jp:443")})}),
        rf"{path}\IPSec\Tunnels": MISSING,
    }
    reads = {"registry": [{"path": asked, "depth": 1} for asked in registry]}
    located = State(document(registry=registry), reads).locate({"client_connections": path})
    assert located == Located(True, [{"key": "IMR", **server}], evidence=path)


def test_a_connection_that_cannot_be_read_is_told_beside_the_others():
    broken = document()
    registry = broken["users"][TARO]["registry"]
    registry[CLIENT + r"\Sslvpn\Tunnels"]["keys"] |= {"a": {"error": "odd"}, "z": key({"Server": dword(1)})}
    registry[CLIENT + r"\IPSec\Tunnels"] = {"error": "denied"}
    found = State(broken, READS).locate({"user_client_connections": CLIENT, "user": TARO}).value
    above = rf"HKU\{TARO}\{CLIENT}"
    assert found == [
        {"key": "Own", "name": "Own", "kind": "SSL-VPN", "whose": "user", "server": "10.0.0.1:443"},
        {"error": rf"{above}\Sslvpn\Tunnels\a could not be read: odd"},
        {"key": "z", "name": "z", "kind": "SSL-VPN", "whose": "user", "server": ""},
        {"error": rf"{above}\IPSec\Tunnels could not be read: denied"},
    ]
