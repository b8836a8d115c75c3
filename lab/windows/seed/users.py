r"""Accounts, profiles and per-user settings of a seeded machine.

Proxies are in WinINet's blobs, one value a connection (docs/sources/windows.md#proxy-values).
"""

from __future__ import annotations

import random
import struct

from lab.windows.machine import DEFAULT_HIVE, Machine
from lab.windows.machine.accounts import ADMINISTRATORS, GUESTS, REMOTE_DESKTOP_USERS, USERS, Members, User
from lab.windows.machine.registry import Value
from lab.windows.seed.windows import LOCALE_IDS, expand, number, text

INTERNET_SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
CONNECTIONS = INTERNET_SETTINGS + r"\Connections"
DIRECT, MANUAL, PAC, AUTO_DETECT = 1, 2, 4, 8
PHONEBOOK = r"AppData\Roaming\Microsoft\Network\Connections\Pbk\rasphone.pbk"
PEOPLE = {
    "ja-JP": (
        ("yamada", "山田 太郎"),
        ("suzuki", "鈴木 花子"),
        ("sato", "佐藤 健"),
        ("takahashi", "高橋 美咲"),
        ("ito", "伊藤 誠"),
    ),
    "en-US": (
        ("mbaker", "Mary Baker"),
        ("jchen", "Jun Chen"),
        ("pweber", "Paul Weber"),
        ("asingh", "Anita Singh"),
        ("dkim", "Dana Kim"),
    ),
}
BUILT_IN_USERS = {
    500: ("Administrator", False, "Built-in account for administering the computer/domain"),
    501: ("Guest", False, "Built-in account for guest access to the computer/domain"),
    503: ("DefaultAccount", False, "A user account managed by the system."),
    504: (
        "WDAGUtilityAccount",
        False,
        "A user account managed and used by the system for Windows Defender Application Guard scenarios.",
    ),
}


def proxy_blob(flags: int, proxy: str = "", bypass: str = "", pac: str = "", counter: int = 1) -> bytes:
    """Return a WinINet connection blob: flags, three ASCII strings, a zero trailer.

    Source: docs/sources/windows.md#proxy-blob.
    """
    parts = [struct.pack("<3I", 0x46, counter, flags)]
    for item in (proxy, bypass, pac):
        parts.append(struct.pack("<I", len(item)) + item.encode("ascii"))
    return b"".join(parts) + bytes(32)


def hive_of(machine: Machine, sid: str) -> str:
    r"""Load a user's hive under a name of the seed's own and return the mount; `close_hive` unloads it."""
    path = DEFAULT_HIVE if sid == "default" else machine.hive_path(sid)
    machine.registry.load(r"HKU\Seed", str(path))
    return r"HKU\Seed"


def close_hive(machine: Machine) -> None:
    """Undo `hive_of`."""
    machine.registry.unload(r"HKU\Seed")


def put_default_profile(machine: Machine, language: str) -> None:
    r"""Make C:\Users\Default with the hive that new profiles are copied from, and the other system folders."""
    for folder in (
        r"C:\Users\Default\AppData\Local\Temp",
        r"C:\Users\Public\Documents",
        r"C:\WINDOWS\TEMP",
    ):
        machine.files.mkdir(folder)
    for folder in (
        r"C:\Program Files (x86)",
        r"C:\Program Files\Common Files",
        r"C:\ProgramData\Microsoft\Network\Connections\Pbk",
    ):
        machine.files.mkdir(folder)
    machine.files.add_stub(DEFAULT_HIVE, 262144, attributes=("Archive", "Hidden"))
    machine.registry.add_hive_file(DEFAULT_HIVE)
    hive = hive_of(machine, "default")
    registry = machine.registry
    registry.update(
        rf"{hive}\{INTERNET_SETTINGS}",
        {
            "ProxyEnable": number(0),
            "EnableHttp1_1": number(1),
            "CertificateRevocation": number(1),
            "User Agent": text("Mozilla/4.0 (compatible; MSIE 8.0; Win32)"),
        },
    )
    registry.update(
        rf"{hive}\Environment",
        {"TEMP": expand(r"%USERPROFILE%\AppData\Local\Temp"), "TMP": expand(r"%USERPROFILE%\AppData\Local\Temp")},
    )
    registry.update(
        rf"{hive}\Control Panel\International", {"LocaleName": text(language), "Locale": text(LOCALE_IDS[language])}
    )
    registry.update(rf"{hive}\Control Panel\Desktop", {"ScreenSaveActive": text("1"), "Wallpaper": text("")})
    shell = {
        name: expand(rf"%USERPROFILE%\{folder}")
        for name, folder in (
            ("Desktop", "Desktop"),
            ("Personal", "Documents"),
            ("AppData", r"AppData\Roaming"),
            ("Local AppData", r"AppData\Local"),
        )
    }
    registry.update(rf"{hive}\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders", shell)
    registry.update(
        rf"{hive}\Software\Microsoft\Windows\CurrentVersion\Run",
        {"OneDriveSetup": text(r"C:\Windows\System32\OneDriveSetup.exe /thfirstsetup")},
    )
    close_hive(machine)


def put_accounts(machine: Machine, admin: str, password: str) -> str:
    """Make the built-in accounts and the administrator that the controller uses; return that one's SID."""
    accounts = machine.accounts
    for rid, (name, enabled, description) in BUILT_IN_USERS.items():
        sid = f"{accounts.machine_sid}-{rid}"
        accounts.users[sid] = User(sid, name, description=description, enabled=enabled)
    accounts.groups[ADMINISTRATORS].members.add(f"{accounts.machine_sid}-500")
    accounts.groups[GUESTS].members.add(f"{accounts.machine_sid}-501")
    accounts.groups[USERS].members |= Members(("S-1-5-4", "S-1-5-11"))
    sid = accounts.next_sid()
    accounts.users[sid] = User(sid, admin, full_name="", description="Account of the IT staff's controller")
    accounts.users[sid].set_password(password)
    accounts.groups[ADMINISTRATORS].members.add(sid)
    accounts.groups[USERS].members.add(sid)
    machine.create_profile(sid)
    return sid


def put_people(machine: Machine, language: str, rng: random.Random) -> list[str]:
    """Make two or three local people, on some machines one from Entra, with profiles; return SIDs, the owner first."""
    accounts = machine.accounts
    people = rng.sample(PEOPLE[language], rng.randint(2, 3))
    sids = []
    for index, (name, full_name) in enumerate(people):
        sid = accounts.next_sid()
        accounts.users[sid] = User(sid, name, full_name=full_name)
        accounts.users[sid].set_password(f"{name}-{rng.randrange(10**6)}" if rng.random() < 0.9 else "")
        accounts.groups[USERS].members.add(sid)
        if index == 0:
            accounts.groups[ADMINISTRATORS].members.add(sid)
        sids.append(sid)
    if rng.random() < 0.4:
        entra = "S-1-12-1-" + "-".join(str(rng.randrange(10**8, 2**32)) for _ in range(4))
        first, last = ("Hanako", "Okada") if language == "ja-JP" else ("Laura", "Moss")
        accounts.outside[entra] = f"AzureAD\\{first}{last}"
        accounts.upns[entra] = f"{first}.{last}@example.ac.jp".lower()
        accounts.groups[USERS].members.add(entra)
        sids.append(entra)
    if rng.random() < 0.4:  # left over from a deleted account: resolves to nothing
        orphan = f"S-1-5-21-{rng.randrange(10**9, 2**32)}-{rng.randrange(10**9)}-{rng.randrange(10**9)}-1001"
        accounts.groups[rng.choice((ADMINISTRATORS, REMOTE_DESKTOP_USERS))].members.add(orphan)
    for sid in sids:
        machine.create_profile(sid)
        _personal_settings(machine, sid, rng)
    return sids


def _personal_settings(machine: Machine, sid: str, rng: random.Random) -> None:
    """LAN proxy as people leave it: automatic detection, nothing, or an old manual proxy that is not ours to touch."""
    choice = rng.choice(("auto", "auto", "direct", "manual"))
    blob = {
        "auto": proxy_blob(DIRECT | AUTO_DETECT, counter=rng.randrange(2, 40)),
        "direct": proxy_blob(DIRECT, counter=rng.randrange(2, 40)),
        "manual": proxy_blob(DIRECT | MANUAL, "192.168.11.9:8080", "<local>", counter=rng.randrange(2, 40)),
    }[choice]
    hive = hive_of(machine, sid)
    machine.registry.update(
        rf"{hive}\{CONNECTIONS}",
        {"DefaultConnectionSettings": Value("REG_BINARY", blob), "SavedLegacySettings": Value("REG_BINARY", blob)},
    )
    if choice == "manual":
        machine.registry.update(
            rf"{hive}\{INTERNET_SETTINGS}",
            {"ProxyEnable": number(1), "ProxyServer": text("192.168.11.9:8080"), "ProxyOverride": text("<local>")},
        )
    machine.registry.update(
        rf"{hive}\Software\Microsoft\Windows\CurrentVersion\Explorer\Advanced",
        {"Hidden": number(rng.randint(1, 2)), "HideFileExt": number(rng.randint(0, 1))},
    )
    machine.registry.update(rf"{hive}\Software\Microsoft\Office\16.0\Common\General", {"ShownFirstRunOptin": number(1)})
    close_hive(machine)
