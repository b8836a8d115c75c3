"""Installed programs: the Uninstall entries of both views, and files of the ones that matter."""

from __future__ import annotations

import random

from lab.windows.machine import Machine
from lab.windows.machine.parts import guid
from lab.windows.machine.registry import Value
from lab.windows.seed.windows import number, text

VIEWS = {
    "64": r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    "32": r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
}
# view; key ("msi" = a product code); display name; version; publisher
ALWAYS = """
32;Microsoft Edge;Microsoft Edge;141.0.3537.92;Microsoft Corporation
32;Microsoft Edge Update;Microsoft Edge Update;1.3.209.19;
32;Microsoft EdgeWebView;Microsoft Edge WebView2 Runtime;141.0.3537.92;Microsoft Corporation
64;O365ProPlusRetail - {language};Microsoft 365 Apps for enterprise - {language};16.0.19231.20194;Microsoft Corporation
64;OneDriveSetup.exe;Microsoft OneDrive;25.179.0914.0003;Microsoft Corporation
64;msi;Microsoft Update Health Tools;5.72.0.0;Microsoft Corporation
64;msi;Microsoft Visual C++ 2022 X64 Minimum Runtime - 14.44.35211;14.44.35211;Microsoft Corporation
64;msi;Microsoft Visual C++ 2022 X64 Additional Runtime - 14.44.35211;14.44.35211;Microsoft Corporation
32;msi;Microsoft Visual C++ 2022 X86 Minimum Runtime - 14.44.35211;14.44.35211;Microsoft Corporation
32;{e08b3ab9-6e0c-4b5d-9a3d-2f5a0a1d7d11};Microsoft Visual C++ 2022 Redist (x64);14.44.35211.0;Microsoft Corporation
32;msi;Teams Machine-Wide Installer;1.7.0.26062;Microsoft Corporation
64;msi;Intel(R) Wireless Bluetooth(R);23.130.0.5;Intel Corporation
32;{1CEAC85D-2590-4760-800F-8DE5E91F3700};Intel(R) Management Engine Components;2433.6.3.0;Intel Corporation
64;msi;Intel(R) Chipset Device Software;10.1.19913.8607;Intel Corporation
64;{0A4EF0E6-A912-4CDE-A7F3-6E56E7C13A2F}_is1;Realtek Audio Driver;6.0.9591.1;Realtek Semiconductor Corp.
"""
SOMETIMES = """
64;Mozilla Firefox 144.0 (x64 {short});Mozilla Firefox (x64 {short});144.0;Mozilla
64;MozillaMaintenanceService;Mozilla Maintenance Service;144.0;Mozilla
64;msi;Google Chrome;141.0.7390.108;Google LLC
64;msi;Zoom Workplace (64-bit);6.6.2.19875;Zoom Communications, Inc.
64;7-Zip;7-Zip 25.01 (x64);25.01;Igor Pavlov
64;Git_is1;Git;2.51.0.2;The Git Development Community
64;VLC media player;VLC media player;3.0.21;VideoLAN
64;msi;Adobe Acrobat (64-bit);25.001.20756;Adobe
64;WinMerge_is1;WinMerge 2.16.50.2 x64;2.16.50.2;Thingamahoochie Software
32;TeraTerm_is1;Tera Term 5.4.1;5.4.1;TeraTerm Project
32;WinSCP3_is1;WinSCP 6.5.4;6.5.4;Martin Prikryl
64;msi;PuTTY release 0.83 (64-bit);0.83.0.0;Simon Tatham
64;msi;OriginPro 2024;11.0.0.0;OriginLab Corporation
32;msi;VESTA 3.5.8;3.5.8;JP-Minerals
64;msi;Python Launcher;3.13.8.0;Python Software Foundation
64;R for Windows 4.5.1_is1;R for Windows 4.5.1;4.5.1;R Core Team
32;msi;Canon Generic Plus LIPSLX Printer Driver;3.0.0.0;Canon Inc.
32;DeepL_is1;DeepL;25.10.1;DeepL SE
"""


def put_programs(machine: Machine, language: str, rng: random.Random) -> None:
    """Add the programs of every machine and some of the others (18 to 33 entries)."""
    rows = list(filter(None, ALWAYS.splitlines()))
    others = list(filter(None, SOMETIMES.splitlines()))
    rows += rng.sample(others, rng.randint(3, len(others)))
    short = "ja" if language == "ja-JP" else "en-US"
    for row in rows:
        named = row.replace("{language}", language.lower()).replace("{short}", short)
        put_entry(machine, named.replace(";msi;", f";{guid(rng)};"))


def put_entry(machine: Machine, row: str) -> None:
    """Write one Uninstall entry from `view;key;name;version;publisher`; a key that is a bare GUID is an MSI product."""
    view, key, name, version, publisher = row.split(";")
    msi = key.startswith("{") and key.endswith("}")
    command = f"MsiExec.exe /X{key}" if msi else rf'"C:\Program Files\{name}\uninstall.exe"'
    values = {
        "DisplayName": text(name),
        "DisplayVersion": text(version),
        "UninstallString": Value("REG_EXPAND_SZ", command) if msi else text(command),
        "InstallDate": text("20250310"),
        "EstimatedSize": number(1000 * len(name)),
    }
    if publisher:
        values["Publisher"] = text(publisher)
    if msi:
        values["WindowsInstaller"] = number(1)
    else:
        values["NoModify"] = number(1)
    machine.registry.update(f"{VIEWS[view]}\\{key}", values)
