"""The firewall rules that a machine gets while it is used: those of programs and of each account's Store apps."""

from __future__ import annotations

import random

from lab.windows.machine.built_in_rules import VERSIONS
from lab.windows.machine.parts import guid

# Store apps of every account; each has rules named by GUID, which make up half of a real machine's list.
STORE_APPS = (
    *("Microsoft.WindowsStore", "Microsoft.Windows.Photos", "Microsoft.WindowsCalculator", "Microsoft.BingWeather"),
    *("Microsoft.GetHelp", "Microsoft.Getstarted", "Microsoft.MicrosoftOfficeHub", "Microsoft.MicrosoftStickyNotes"),
    *("Microsoft.People", "Microsoft.ScreenSketch", "Microsoft.StorePurchaseApp", "Microsoft.Wallet"),
    *("Microsoft.WindowsAlarms", "Microsoft.WindowsCamera", "Microsoft.WindowsFeedbackHub", "Microsoft.WindowsMaps"),
    *(
        "Microsoft.WindowsSoundRecorder",
        "Microsoft.Xbox.TCUI",
        "Microsoft.XboxGameOverlay",
        "Microsoft.XboxGamingOverlay",
    ),
    *("Microsoft.XboxIdentityProvider", "Microsoft.YourPhone", "Microsoft.ZuneMusic", "Microsoft.ZuneVideo"),
    *(
        "Microsoft.DesktopAppInstaller",
        "Microsoft.AAD.BrokerPlugin",
        "Microsoft.AccountsControl",
        "Microsoft.Windows.Search",
    ),
    *(
        "Microsoft.Windows.CloudExperienceHost",
        "Microsoft.Windows.ContentDeliveryManager",
        "Microsoft.Windows.ShellExperienceHost",
    ),
    *(
        "Microsoft.Windows.StartMenuExperienceHost",
        "Microsoft.MSPaint",
        "Microsoft.Todos",
        "Microsoft.PowerAutomateDesktop",
    ),
)


def store_app_rules(build: int, user_sid: str, rng: random.Random) -> dict[str, str]:
    """Return the rules that an account's Store apps brought, named by GUID as on real machines."""
    rules = {}
    for package in STORE_APPS:
        full = (
            f"{package}_{rng.randrange(1, 12)}.{rng.randrange(2000, 2700)}.{rng.randrange(0, 60)}.0_x64__8wekyb3d8bbwe"
        )
        text = f"@{{{full}?ms-resource://{package}/Resources/AppName}}"
        package_sid = "S-1-15-2-" + "-".join(str(rng.randrange(10**8, 2**32)) for _ in range(7))
        for direction in ("In", "Out") if rng.random() < 0.55 else ("Out",):
            profiles = "Profile=Domain|Profile=Private" + ("|Profile=Public" if direction == "Out" else "")
            rules[guid(rng)] = (
                f"{VERSIONS[build]}|Action=Allow|Active=TRUE|Dir={direction}|{profiles}|Name={text}|Desc={text}"
                f"|LUOwn={user_sid}|AppPkgId={package_sid}|EmbedCtxt={text}|Platform=2:6:2|Platform2=GTEQ|"
            )
    return rules


def program_rules(build: int, rng: random.Random) -> dict[str, str]:
    """Return rules that installed programs made: named by GUID, with plain display names, one pair a program."""
    programs = {
        "Microsoft Edge": r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
        "Firefox": r"C:\Program Files\Mozilla Firefox\firefox.exe",
        "Microsoft Teams": r"C:\Program Files\WindowsApps\MSTeams_8wekyb3d8bbwe\ms-teams.exe",
        "Zoom Video Meeting": r"C:\Program Files\Zoom\bin\Zoom.exe",
        "ImageJ": r"C:\ImageJ\ImageJ.exe",
        "OriginPro": r"C:\Program Files\OriginLab\Origin2024\Origin64.exe",
    }
    rules = {}
    for name, path in programs.items():
        for protocol in (6, 17):
            profile = rng.choice(("Private", "Public"))
            rules[guid(rng)] = (
                f"{VERSIONS[build]}|Action=Allow|Active=TRUE|Dir=In|Protocol={protocol}|Profile={profile}|App={path}|Name={name}|Desc={name}|"
            )
    return rules
