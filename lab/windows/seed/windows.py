"""What the registry of a freshly installed Windows client holds, before any account or program."""

from __future__ import annotations

from typing import NamedTuple

from lab.windows.machine import (
    CURRENT_VERSION,
    NLS_LANGUAGE,
    PROFILE_LIST,
    SERVICES,
    SESSION_MANAGER,
    TERMINAL_SERVER,
    Machine,
    power,
    restore_points,
)
from lab.windows.machine.built_in_rules import POLICY, RULES, built_in_rules
from lab.windows.machine.built_in_services import services
from lab.windows.machine.parts import Service
from lab.windows.machine.registry import Value
from lab.windows.machine.restart import LOGON_SCREEN


class Release(NamedTuple):
    """One release of Windows: build, UBR (a patch level of autumn 2025; of Windows 10 one of ESU), DisplayVersion."""

    build: int
    ubr: int
    display: str


RELEASES = {
    "10-22H2": Release(19045, 6575, "22H2"),
    "11-23H2": Release(22631, 6060, "23H2"),
    "11-24H2": Release(26100, 6899, "24H2"),
}
EDITION_IDS = {"Pro": "Professional", "Home": "Core"}
LANGUAGE_IDS = {"en-US": "0409", "ja-JP": "0411"}
LOCALE_IDS = {"en-US": "00000409", "ja-JP": "00000411"}
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
CURRENT_VERSION_32 = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
RDP_TCP = TERMINAL_SERVER + r"\WinStations\RDP-Tcp"
W32TIME = SERVICES + r"\W32Time"
LSA = CONTROL + r"\Lsa"
SECURITY_CENTER = r"HKLM\SOFTWARE\Microsoft\Security Center\Provider"
INSTALL_TIME = 1_741_000_000  # seconds of 1970; the same for all, as an image has it


def text(data: str) -> Value:
    """Return a REG_SZ value."""
    return Value("REG_SZ", data)


def expand(data: str) -> Value:
    """Return a REG_EXPAND_SZ value."""
    return Value("REG_EXPAND_SZ", data)


def number(data: int) -> Value:
    """Return a REG_DWORD value."""
    return Value("REG_DWORD", data)


def put_windows(machine: Machine, os: str, edition: str, language: str) -> None:
    """Fill the machine's registry for a release, an edition (Pro, Home) and a language."""
    release = RELEASES[os]
    _current_version(machine, release, edition)
    _language(machine, language)
    _session_manager(machine)
    _remote_desktop(machine)
    _time(machine)
    _network(machine, signs=release.build >= 26100 and edition != "Home")
    _security(machine)
    machine.registry.create(LOGON_SCREEN)
    # There on every Windows, policies and proxies or not.
    machine.registry.create(r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion")
    machine.registry.create(CURRENT_VERSION_32 + r"\Internet Settings")
    _services(machine)
    power.put_power(machine)
    registry = machine.registry
    for name, rule in built_in_rules(release.build).items():
        registry.set(RULES, name, text(rule))
    for profile in ("DomainProfile", "PublicProfile", "StandardProfile"):
        registry.update(f"{POLICY}\\{profile}", {"EnableFirewall": number(1), "DisableNotifications": number(0)})
    registry.update(
        PROFILE_LIST,
        {
            "Default": expand(r"%SystemDrive%\Users\Default"),
            "Public": expand(r"%SystemDrive%\Users\Public"),
            "ProgramData": expand(r"%SystemDrive%\ProgramData"),
            "ProfilesDirectory": expand(r"%SystemDrive%\Users"),
        },
    )
    for sid, path in (
        ("S-1-5-18", "config\\systemprofile"),
        ("S-1-5-19", "ServiceProfiles\\LocalService"),
        ("S-1-5-20", "ServiceProfiles\\NetworkService"),
    ):
        folder = rf"%systemroot%\system32\{path}" if sid == "S-1-5-18" else rf"%systemroot%\{path}"
        registry.update(
            f"{PROFILE_LIST}\\{sid}", {"ProfileImagePath": expand(folder), "Flags": number(12), "State": number(0)}
        )
    registry.update(
        r"HKLM\SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine",
        {"PowerShellVersion": text(f"5.1.{release.build}.{release.ubr}"), "RuntimeVersion": text("v4.0.30319")},
    )
    registry.update(
        r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full",
        {"Release": number(533320 if release.build > 22000 else 528372), "Version": text("4.8.09032")},
    )
    registry.update(
        CURRENT_VERSION_32 + r"\Policies\System",
        {"EnableLUA": number(1), "ConsentPromptBehaviorAdmin": number(5), "LocalAccountTokenFilterPolicy": number(1)},
    )


def _current_version(machine: Machine, release: Release, edition: str) -> None:
    # ProductName says "Windows 10" on 11 too; programs that read it are wrong, and so is who trusts it.
    product = f"Windows 10 {'Home' if edition == 'Home' else 'Pro'}"
    branch = {19045: "vb_release", 22631: "ni_release", 26100: "ge_release"}[release.build]
    values = {
        "ProductName": text(product),
        "EditionID": text(EDITION_IDS[edition]),
        "InstallationType": text("Client"),
        "DisplayVersion": text(release.display),
        "ReleaseId": text("2009"),
        "CurrentVersion": text("6.3"),
        "CurrentMajorVersionNumber": number(10),
        "CurrentMinorVersionNumber": number(0),
        "CurrentBuild": text(str(release.build)),
        "CurrentBuildNumber": text(str(release.build)),
        "UBR": number(release.ubr),
        "BuildBranch": text(branch),
        "CurrentType": text("Multiprocessor Free"),
        "ProductId": text("00330-80000-00000-AA000"),
        "RegisteredOwner": text("user"),
        "RegisteredOrganization": text(""),
        "SystemRoot": text(r"C:\WINDOWS"),
        "PathName": text(r"C:\Windows"),
        "InstallDate": number(INSTALL_TIME),
        "InstallTime": Value("REG_QWORD", (INSTALL_TIME + 11_644_473_600) * 10**7),
    }
    machine.registry.update(CURRENT_VERSION, values)
    machine.registry.update(
        CURRENT_VERSION_32,
        {
            "ProgramFilesDir": text(r"C:\Program Files"),
            "ProgramFilesDir (x86)": text(r"C:\Program Files (x86)"),
            "CommonFilesDir": text(r"C:\Program Files\Common Files"),
        },
    )
    machine.registry.update(restore_points.KEY, {"RPSessionInterval": number(0), "RPGlobalInterval": number(86400)})
    machine.registry.update(
        CURRENT_VERSION + r"\Winlogon",
        {
            "AutoRestartShell": number(1),
            "Shell": text("explorer.exe"),
            "Userinit": text(r"C:\Windows\system32\userinit.exe,"),
        },
    )


def _language(machine: Machine, language: str) -> None:
    registry = machine.registry
    registry.update(
        NLS_LANGUAGE, {"InstallLanguage": text(LANGUAGE_IDS[language]), "Default": text(LANGUAGE_IDS[language])}
    )
    registry.set(CONTROL + r"\Nls\CodePage", "ACP", text("932" if language == "ja-JP" else "1252"))
    registry.set(CONTROL + r"\Nls\CodePage", "OEMCP", text("932" if language == "ja-JP" else "437"))
    registry.set(rf"{CONTROL}\MUI\UILanguages\{language}", "LCID", number(int(LANGUAGE_IDS[language], 16)))
    registry.update(
        r"HKU\.DEFAULT\Control Panel\International",
        {"LocaleName": text(language), "Locale": text(LOCALE_IDS[language])},
    )
    registry.update(
        r"HKU\.DEFAULT\Control Panel\Desktop\MuiCached",
        {"MachinePreferredUILanguages": Value("REG_MULTI_SZ", [language])},
    )
    registry.update(
        r"HKU\.DEFAULT\Environment",
        {"TEMP": expand(r"%USERPROFILE%\AppData\Local\Temp"), "TMP": expand(r"%USERPROFILE%\AppData\Local\Temp")},
    )
    zone = {
        "Bias": Value("REG_DWORD", 0xFFFFFDE4),
        "TimeZoneKeyName": text("Tokyo Standard Time"),
        "StandardName": text("@tzres.dll,-632"),
        "DaylightName": text("@tzres.dll,-631"),
    }
    registry.update(CONTROL + r"\TimeZoneInformation", zone)


def _session_manager(machine: Machine) -> None:
    path = (
        r"%SystemRoot%\system32;%SystemRoot%;%SystemRoot%\System32\Wbem;%SYSTEMROOT%\System32\WindowsPowerShell\v1.0\;%SYSTEMROOT%\System32\OpenSSH"
        + "\\"
    )
    values = {
        "Path": expand(path),
        "PATHEXT": text(".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"),
        "PROCESSOR_ARCHITECTURE": text("AMD64"),
        "NUMBER_OF_PROCESSORS": text("8"),
        "OS": text("Windows_NT"),
        "ComSpec": expand(r"%SystemRoot%\system32\cmd.exe"),
        "TEMP": expand(r"%SystemRoot%\TEMP"),
        "TMP": expand(r"%SystemRoot%\TEMP"),
        "windir": expand("%SystemRoot%"),
        "PSModulePath": expand(
            r"%ProgramFiles%\WindowsPowerShell\Modules;%SystemRoot%\system32\WindowsPowerShell\v1.0\Modules"
        ),
    }
    machine.registry.update(SESSION_MANAGER + r"\Environment", values)
    machine.registry.update(CONTROL + r"\Session Manager\Power", {"HiberbootEnabled": number(1)})
    for processor in range(8):
        key = rf"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\{processor}"
        machine.registry.update(
            key,
            {
                "ProcessorNameString": text("11th Gen Intel(R) Core(TM) i5-1145G7 @ 2.60GHz"),
                "VendorIdentifier": text("GenuineIntel"),
                "~MHz": number(2611),
            },
        )


def _remote_desktop(machine: Machine) -> None:
    """Defaults of docs/sources/windows.md#remote-desktop-settings: off, NLA on."""
    machine.registry.update(
        TERMINAL_SERVER,
        {
            "fDenyTSConnections": number(1),
            "fSingleSessionPerUser": number(1),
            "updateRDStatus": number(1),
            "TSUserEnabled": number(0),
        },
    )
    values = {
        "UserAuthentication": number(1),
        "SecurityLayer": number(2),
        "MinEncryptionLevel": number(2),
        "PortNumber": number(3389),
        "LanAdapter": number(0),
        "fEnableWinStation": number(1),
    }
    machine.registry.update(RDP_TCP, values)


def _time(machine: Machine) -> None:
    """Defaults of a stand-alone machine (docs/sources/windows.md#time-service)."""
    machine.registry.update(
        W32TIME + r"\Parameters",
        {
            "NtpServer": text("time.windows.com,0x9"),
            "Type": text("NTP"),
            "ServiceDll": expand(r"%systemroot%\system32\w32time.dll"),
        },
    )
    machine.registry.update(
        W32TIME + r"\Config",
        {"MaxPosPhaseCorrection": number(54000), "MaxNegPhaseCorrection": number(54000), "AnnounceFlags": number(10)},
    )
    machine.registry.update(
        W32TIME + r"\TimeProviders\NtpClient", {"Enabled": number(1), "SpecialPollInterval": number(604800)}
    )
    machine.registry.update(W32TIME + r"\TimeProviders\NtpServer", {"Enabled": number(0)})


def _security(machine: Machine) -> None:
    """Defaults of the security options about guests and anonymous users, and what the Security Center knows.

    Windows' own antivirus registers there; its firewall does not (names of keys and values: facts from public exports).
    """
    values = {
        "LimitBlankPasswordUse": number(1),
        "forceguest": number(0),
        "everyoneincludesanonymous": number(0),
        "restrictanonymous": number(0),
        "restrictanonymoussam": number(1),
    }
    machine.registry.update(LSA, values)
    machine.registry.update(
        SECURITY_CENTER + r"\Av\{D68DDC3A-831F-4fae-9E44-DA132C1ACF46}",
        {
            "DISPLAYNAME": text("Windows Defender"),
            "GUID": text("{D68DDC3A-831F-4fae-9E44-DA132C1ACF46}"),
            "PRODUCTEXE": text("windowsdefender://"),
            "REPORTINGEXE": text(r"%ProgramFiles%\Windows Defender\MsMpeng.exe"),
            "STATE": number(0x61100),
        },
    )
    machine.registry.create(SECURITY_CENTER + r"\Fw")


def _network(machine: Machine, *, signs: bool) -> None:
    """Names, what shares folders and opens them; `signs`: docs/sources/windows.md#smb-signing-and-guests."""
    tcpip = SERVICES + r"\Tcpip\Parameters"
    machine.registry.update(
        tcpip,
        {
            "Hostname": text(machine.name),
            "NV Hostname": text(machine.name),
            "Domain": text(""),
            "SearchList": text(""),
            "DataBasePath": expand(r"%SystemRoot%\System32\drivers\etc"),
        },
    )
    machine.registry.update(
        SERVICES + r"\LanmanServer\Parameters",
        {
            "SMB1": number(0),
            "RestrictNullSessAccess": number(1),
            "EnableSecuritySignature": number(0),
            "RequireSecuritySignature": number(int(signs)),
        },
    )
    machine.registry.update(
        SERVICES + r"\LanmanWorkstation\Parameters",
        {
            "EnablePlainTextPassword": number(0),
            "EnableSecuritySignature": number(1),
            "RequireSecuritySignature": number(int(signs)),
        },
    )
    machine.registry.update(SERVICES + r"\NetBT\Parameters", {"TransportBindName": text("\\Device\\")})
    machine.registry.update(SERVICES + r"\LanmanServer\Shares", {})
    machine.registry.update(
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+HTTPS",
        {"Port": number(5986), "Transport": text("HTTPS"), "enabled": number(1)},
    )


def _services(machine: Machine) -> None:
    for seed in services():
        machine.registry.update(f"{SERVICES}\\{seed.name}", seed.values)
        machine.services[seed.name] = Service(seed.name, seed.state)
