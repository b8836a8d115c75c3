"""`make demo`: the whole story on simulated endpoints, in the commands that IT staff would type.

Its records and reports stay in .demo/ until the next demo; the last line names the page to open.

Every step is checked; the first one that does not do what its heading says ends the demo with exit code 1.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
VPN_PLIST = "/Library/Application Support/Fortinet/FortiClient/conf/vpn.plist"
# win-04 has no client yet. What the client's own installer sets, a dry run cannot know.
BY_THE_INSTALLER = {("win-04", "vpn_profile.certificate_warning", None)}
# The line on the whole run, which stands before table and verdict (the callback endpoint_progress).
IN_ALL = "\nIn all: "
CHANGED = re.compile(r"\b(\d+) changed\b")

Finding = tuple[str, str, str | None, str]


class StepError(Exception):
    """A step did not do what its heading says."""


class Demo:
    """Runs the commands, shows them and their output, and keeps what they found."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.records = ROOT / ".demo"
        if self.records.exists():
            shutil.rmtree(self.records)
        self.inventory = ""
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        """Print a heading with the time since the start."""
        print(f"\n\033[1m[{time.monotonic() - self.started:5.1f} s] {text}\033[0m", flush=True)

    def run(self, *command: str, expect: int | None = 0, show: bool = True) -> str:
        """Run a command of this environment in the project's directory; return its standard output."""
        print(f"$ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
        )
        if show:
            print(done.stdout.rstrip(), flush=True)
        if expect is not None and done.returncode != expect:
            if not show:
                print(done.stdout.rstrip())
            raise StepError(f"the command above ended with {done.returncode}, not {expect}")
        return done.stdout

    def lab(self, *arguments: str) -> str:
        """Run `python -m lab`."""
        return self.run("python", "-m", "lab", *arguments, "--state-dir", str(self.directory / "lab"))

    def play(
        self, playbook: str, *arguments: str, expect: int = 0, show: Callable[[str], str] | None = None
    ) -> tuple[str, list[Finding]]:
        """Run a playbook, show a part of its output; return all of it, and what its records say that is not good."""
        before = set(self.records.glob("*.jsonl"))
        options = ("-e", json.dumps({"endpoint_report_directory": str(self.records)}))
        output = self.run(
            "ansible-playbook", *self.sources, f"playbooks/{playbook}", *options, *arguments, expect=expect, show=False
        )
        print((show or report)(output))
        (fresh,) = set(self.records.glob("*.jsonl")) - before
        return output, findings(fresh)

    def module(self, host: str, module: str, arguments: dict[str, object]) -> None:
        """Do by a stock module what a user does by hand."""
        self.run("ansible", *self.sources, host, "-m", module, "-a", json.dumps(arguments), show=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """The two inventories: the lab's machines, and what they are for."""
        return ("-i", self.inventory, "-i", "inventory/lab")


def findings(path: Path) -> list[Finding]:
    """Return (endpoint, control, instance, status) of every record that is not compliant or not applicable."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(
        (r["endpoint"], r["control"], r["instance"], r["status"])
        for r in records
        if r["status"] not in ("compliant", "not_applicable")
    )


def report(output: str) -> str:
    """Return the table and the verdict: what a person reads first. All of the output when there is no report."""
    _, in_all, rest = output.rpartition(IN_ALL)
    return rest.partition("\n\n")[2].strip() if in_all else output.strip()


def headlines(output: str) -> str:
    """Return the report without its details: one line an endpoint, and the verdict."""
    return "\n".join(line for line in report(output).splitlines() if not line.startswith(" "))


def all_of_it(output: str) -> str:
    """Return all that was on the screen."""
    return output.strip()


def changed(output: str) -> int:
    """Return on how many endpoints something was changed, from the line on the whole run."""
    _, in_all, rest = output.rpartition(IN_ALL)
    require(bool(in_all), "the run ended without the line on all of it")
    found = CHANGED.search(rest.partition("\n")[0])
    return int(found[1]) if found else 0


def require(truth: bool, otherwise: str) -> None:
    """End the demo unless a step's promise was kept."""
    if not truth:
        raise StepError(otherwise)


def story(demo: Demo) -> None:
    """Prepare, prove, break, find, repair."""
    demo.say("Four Windows machines (English and Japanese) and two Macs appear on the desk.")
    demo.inventory = demo.lab(
        "up", "--windows", "4", "--mac", "2", "--seed", "1", "--models", "tests/contract/models"
    ).splitlines()[-1]
    demo.lab("status")

    demo.say("What would be done? A dry run says so and writes nothing.")
    _, predicted = demo.play("site.yml", "--check", show=headlines)

    demo.say("Prepare them all.")
    _, fixed = demo.play("site.yml")
    different = {finding[:3] for finding in predicted} ^ {finding[:3] for finding in fixed}
    require(
        different <= BY_THE_INSTALLER and len(fixed) > 0,
        f"the dry run and the run disagree about what to fix: {different}",
    )
    require({finding[3] for finding in fixed} == {"fixed"}, "something could not be fixed")

    demo.say("Run it again: nothing changes.")
    output, left = demo.play("site.yml", show=all_of_it)
    require(not left and not changed(output), "the second run changed or found something")

    demo.say("A week later: users have been at work, and one laptop is switched off.")
    demo.module(
        "win-01",
        "ansible.windows.win_regedit",
        {"path": TUNNEL, "name": "Server", "data": "130.34.226.190:443", "type": "string"},
    )
    demo.module(
        "win-02", "community.windows.win_firewall_rule", {"group": "@FirewallAPI.dll,-28502", "remoteip": "any"}
    )
    command = f"/usr/libexec/PlistBuddy -c 'Set :Profiles:IMR:ServerPort 10443' '{VPN_PLIST}'"
    demo.run("ansible", *demo.sources, "mac-01", "--become", "-m", "ansible.builtin.command", "-a", command, show=False)
    demo.lab("fault", "win-04", "power_off")

    demo.say("Audit: finds exactly that, and writes nothing.")
    _, found = demo.play("audit.yml", expect=2)
    expected: list[Finding] = [
        ("mac-01", "vpn_profile.port", "IMR", "drifted"),
        ("win-01", "vpn_profile.server", "IMR", "drifted"),
        *(("win-02", "smb_firewall_scope.closed_to_others", one, "drifted") for one in ("Domain", "Private", "Public")),
        ("win-02", "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP", "drifted"),
        ("win-02", "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP-NoScope", "drifted"),
        ("win-04", "endpoint.reachable", None, "unreachable"),
    ]
    require(found == expected, f"the audit found\n  {found}\nand not\n  {expected}")

    demo.say("The laptop is back. Repair.")
    demo.lab("fault", "win-04", "none")
    _, repaired = demo.play("site.yml")
    require(
        [finding[:3] for finding in repaired] == [finding[:3] for finding in expected[:-1]],
        f"repaired was {repaired}, not what the audit had found",
    )

    demo.say("Audit again: all measured, all good.")
    demo.play("audit.yml")


def main() -> int:
    """Tell the story in a temporary directory; always stop the lab."""
    with tempfile.TemporaryDirectory(prefix="offsite-demo-") as directory:
        demo = Demo(Path(directory))
        try:
            story(demo)
        except StepError as error:
            print(f"\nThe demo stops here: {error}", file=sys.stderr)
            return 1
        finally:
            demo.say("Switch the lab off.")
            demo.run("python", "-m", "lab", "down", "--state-dir", f"{directory}/lab", expect=None)
    demo.say("That was the story. Next: docs/thirty-laptops.md. The whole of it on one page:")
    print(max(demo.records.glob("*.html")), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
