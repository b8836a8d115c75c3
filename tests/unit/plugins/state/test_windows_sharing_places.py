"""How Windows shares folders and speaks SMB: what is set, its own defaults where nothing is, and what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Located, Unreadable
from plugins.plugin_utils.state.places import locator_problem
from plugins.plugin_utils.state.state import State
from tests.samples.documents import MISSING, dword, key, sz, windows

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
SHARES = rf"{SERVICES}\LanmanServer\Shares"
SERVER = rf"{SERVICES}\LanmanServer\Parameters"
CLIENT = rf"{SERVICES}\LanmanWorkstation\Parameters"
NETBT = rf"{SERVICES}\NetBT\Parameters"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\LanmanWorkstation"
READS = {"registry": [{"path": path} for path in (SHARES, SERVER, CLIENT, NETBT, POLICY)]}


def look(where: dict[str, Any], registry: dict[str, Any], edition: str = "Professional", build: int = 22631) -> Located:
    document = windows()
    document["registry"] = {**dict.fromkeys((SHARES, SERVER, CLIENT, NETBT, POLICY), MISSING), **registry}
    document["system"] |= {"edition_id": edition, "build": build}
    return State(document, READS).locate(where)


def share(path: str, type_: int = 0) -> dict[str, Any]:
    return {"type": "REG_MULTI_SZ", "data": ["CSCFlags=0", f"Path={path}", f"Type={type_}"]}


SHARED = {
    SHARES: key(
        {
            "Raw": share(r"D:\raw"),
            "data": share(r"C:\data"),
            "Brother": share("Brother HL,LocalsplOnly", 1),
            "C$": share("C:\\"),
            "odd": sz("?"),
            "worse": {"error": "denied"},
        }
    )
}


@pytest.mark.parametrize(
    ("name", "located"),
    [
        ("data", Located(True, r"C:\data", evidence=SHARES + " data", missing="not shared")),
        ("RAW", Located(True, r"D:\raw", evidence=SHARES + " RAW", missing="not shared")),
        ("Brother", Located(False, evidence=SHARES + " Brother", missing="not shared")),
        ("nothing", Located(False, evidence=SHARES + " nothing", missing="not shared")),
        (
            "*",
            Located(
                True, ["Raw", "data"], evidence=SHARES + r": Raw (D:\raw), data (C:\data)",
                missing="no folder is shared",
            ),
        ),
    ],
)  # fmt: skip
def test_a_folder_that_somebody_shared_is_found(name, located):
    assert look({"shared_folder": name}, SHARED) == located


@pytest.mark.parametrize("shares", [MISSING, key(), key({"C$": share("C:\\")})])
def test_where_nothing_is_shared_none_is_told(shares):
    assert look({"shared_folder": "*"}, {SHARES: shares}) == Located(
        False, evidence=SHARES + ": none", missing="no folder is shared"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [("ODD", "the share odd has no Path and Type"), ("worse", SHARES + " worse could not be read: denied")],
)
def test_a_share_that_cannot_be_understood_is_neither_there_nor_missing(name, why):
    with pytest.raises(Unreadable) as error:
        look({"shared_folder": name}, SHARED)
    assert str(error.value) == why


def test_whether_any_folder_is_shared_is_open_where_the_only_one_cannot_be_understood():
    with pytest.raises(Unreadable) as error:
        look({"shared_folder": "*"}, {SHARES: key({"b": sz("?"), "a": sz("?"), "C$": share("C:\\")})})
    assert str(error.value) == "the share a has no Path and Type"


@pytest.mark.parametrize(
    ("what", "key_", "value", "number", "word"),
    [
        ("server_signing", SERVER, "RequireSecuritySignature", 1, "required"),
        ("server_signing", SERVER, "RequireSecuritySignature", 0, "optional"),
        ("server_signing", SERVER, "RequireSecuritySignature", 2, "required"),
        ("client_signing", CLIENT, "RequireSecuritySignature", 1, "required"),
        ("client_signing", CLIENT, "RequireSecuritySignature", 0, "optional"),
        ("guests", CLIENT, "AllowInsecureGuestAuth", 1, "allowed"),
        ("guests", CLIENT, "AllowInsecureGuestAuth", 0, "refused"),
        ("guests", POLICY, "AllowInsecureGuestAuth", 1, "allowed"),
        ("guests", POLICY, "AllowInsecureGuestAuth", 0, "refused"),
    ],
)
def test_what_is_set_counts(what, key_, value, number, word):
    assert look({"smb": what}, {key_: key({value: dword(number)})}) == Located(
        True, word, evidence=f"{key_} {value} (REG_DWORD): {number}"
    )


def test_of_guests_the_policy_counts_before_the_local_setting():
    both = {
        POLICY: key({"AllowInsecureGuestAuth": dword(0)}),
        CLIENT: key({"AllowInsecureGuestAuth": dword(1)}),
    }
    assert look({"smb": "guests"}, both).value == "refused"


SIGNATURE, GUESTS = "RequireSecuritySignature: not set", "AllowInsecureGuestAuth: not set"


@pytest.mark.parametrize(
    ("what", "edition", "build", "word", "evidence"),
    [
        ("server_signing", "Professional", 22631, "optional", f"{SERVER} {SIGNATURE}"),
        ("server_signing", "Professional", 26100, "required", f"{SERVER} {SIGNATURE}"),
        ("client_signing", "Enterprise", 26100, "required", f"{CLIENT} {SIGNATURE}"),
        ("client_signing", "Core", 26100, "unknown", f"{CLIENT} {SIGNATURE}"),
        ("guests", "Professional", 22631, "allowed", f"{CLIENT} {GUESTS}"),
        ("guests", "Professional", 26100, "refused", f"{CLIENT} {GUESTS}"),
        ("guests", "Core", 26100, "unknown", f"{CLIENT} {GUESTS}"),
    ],
)
def test_where_nothing_is_set_the_default_of_the_edition_counts(what, edition, build, word, evidence):
    assert look({"smb": what}, {}, edition, build) == Located(
        True, word, evidence=f"{evidence}; the default of {edition}, build {build}"
    )


@pytest.mark.parametrize(
    ("what", "key_", "value"),
    [
        ("server_signing", SERVER, "RequireSecuritySignature"),
        ("guests", POLICY, "AllowInsecureGuestAuth"),
        ("closed_by", NETBT, "SMBDeviceEnabled"),
    ],
)
def test_a_setting_of_another_type_is_not_guessed_at(what, key_, value):
    with pytest.raises(Unreadable) as error:
        look({"smb": what}, {key_: key({value: sz("1")})})
    assert str(error.value) == (f"{key_} {value} (REG_SZ) is no REG_DWORD, so what Windows makes of it is not known")


SMB2, DEVICE = f"{SERVER} SMB2", f"{NETBT} SMBDeviceEnabled"


@pytest.mark.parametrize(
    ("registry", "closed"),
    [
        ({}, None),
        ({SERVER: key({"SMB2": dword(1)}), NETBT: key({"SMBDeviceEnabled": dword(1)})}, None),
        ({SERVER: key({"SMB2": dword(0)})}, [f"{SMB2} (REG_DWORD): 0"]),
        ({NETBT: key({"SMBDeviceEnabled": dword(0)})}, [f"{DEVICE} (REG_DWORD): 0"]),
        (
            {SERVER: key({"SMB2": dword(0)}), NETBT: key({"SMBDeviceEnabled": dword(0)})},
            [f"{SMB2} (REG_DWORD): 0", f"{DEVICE} (REG_DWORD): 0"],
        ),
    ],
)
def test_a_value_of_0_closes_the_port_and_is_named(registry, closed):
    assert look({"smb": "closed_by"}, registry) == Located(
        closed is not None, closed, evidence=f"{SMB2}, {DEVICE}", missing="nothing"
    )


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        *((known, None) for known in ("server_signing", "client_signing", "guests", "closed_by")),
        ("version", "smb is 'version'; allowed: server_signing, client_signing, guests, closed_by"),
    ],
)
def test_of_smb_four_things_are_known(what, problem):
    assert locator_problem({"smb": what}) == problem
