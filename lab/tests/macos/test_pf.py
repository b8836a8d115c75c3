"""The packet filter of a simulated Mac: how rules are read, printed, kept and applied.

Source: docs/sources/macos.md#packet-filter.
"""

from __future__ import annotations

import json

import pytest

from lab.macos.machine import MacMachine
from lab.macos.pf import NotModelledError, Packet, SyntaxProblemError, parse, verdict
from lab.tests.macos.machines import mac, put, run, sudo

NOISE = "No ALTQ support in kernel\nALTQ related functions disabled\n"
ANCHOR, FILE = "com.apple/250.lab", "/etc/pf.anchors/lab"
RULES = """\
# file sharing from inside only
allowed = "{ 172.29.0.0/16, 10.1.2.3/8, fd00:1::/32 }"
table <smb_allowed> persist { 172.29.0.0/16 192.168.0.0/24 }
pass in quick proto tcp from <smb_allowed> to any port { netbios-ssn, 445 }
pass in quick proto tcp from $allowed to any port 445
block in quick proto tcp from any to any port 445
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> MacMachine:
    return mac(tmp_path_factory.mktemp("mac"))


@pytest.fixture(autouse=True)
def clean(machine: MacMachine) -> None:
    put(machine, "/private/etc/pf.anchors/lab", RULES.encode())
    with machine.state.edit() as data:
        main = ['scrub-anchor "com.apple/*" all fragment reassemble', 'anchor "com.apple/*" all']
        data["pf"] = {"enabled": False, "tokens": [], "anchors": {}, "main": main}


def pf(machine: MacMachine) -> dict[str, object]:
    found: dict[str, object] = json.loads(machine.file.read_text())["pf"]
    return found


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("pass in quick proto tcp from any to any port 445", ["pass in quick proto tcp from any to any port = 445"]),
        ("pass in proto udp to port microsoft-ds", ["pass in proto udp from any to any port = 445"]),
        ("pass in proto udp from any to any port 137:138", ["pass in proto udp from any to any port 137:138"]),
        ("pass in from 172.29.5.5/16 to any", ["pass in inet from 172.29.0.0/16 to any"]),
        ("pass in from FD00:0::1 to any", ["pass in inet6 from fd00::1 to any"]),
        ("pass in from 10.0.0.1/32 to any", ["pass in inet from 10.0.0.1 to any"]),
        ("pass in from ! 10.0.0.0/8 to any", ["pass in inet from ! 10.0.0.0/8 to any"]),
        ("pass in from ! 10.0.0.5 - 10.0.0.9 to any", ["pass in inet from ! 10.0.0.5 - 10.0.0.9 to any"]),
        ("pass in from 10.0.0.5 - 10.0.0.9 to any", ["pass in inet from 10.0.0.5 - 10.0.0.9 to any"]),
        ("pass in inet6 from FD00::1 - fd00:0::9 to any", ["pass in inet6 from fd00::1 - fd00::9 to any"]),
        (
            "pass in proto { tcp udp } from { 10.0.0.0/8, fd00::/8 } to any port 445",
            [
                f"pass in {family} proto {protocol} from {source} to any port = 445"
                for protocol in ("tcp", "udp")
                for family, source in (("inet", "10.0.0.0/8"), ("inet6", "fd00::/8"))
            ],
        ),
        (
            "pass in inet proto tcp from { 10.0.0.0/8 fd00::/8 } to any",
            ["pass in inet proto tcp from 10.0.0.0/8 to any"],
        ),
        ('pass out all label "x y"', ["pass out all"]),
    ],
)
def test_pass_rules_are_normalised_and_keep_state(written: str, printed: list[str]) -> None:
    label = ' label "x y"' if "label" in written else ""
    found = [str(rule) for rule in parse(written).rules]
    ends = ["flags S/SA keep state" if "udp" not in one else "keep state" for one in printed]
    assert found == [f"{one} {end}{label}" for one, end in zip(printed, ends, strict=True)]


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("block in quick all", "block drop in quick all"),
        ("block return in log proto tcp from any to any", "block return in log proto tcp all"),
        ("block drop in quick on en0 inet6 all", "block drop in quick on en0 inet6 all"),
        (
            "block in quick proto tcp from <t> to any port 445",
            "block drop in quick proto tcp from <t> to any port = 445",
        ),
    ],
)
def test_block_rules_are_normalised(written: str, printed: str) -> None:
    assert [str(rule) for rule in parse(written).rules] == [printed]


def test_printed_rules_read_back_as_they_are() -> None:
    printed = [str(rule) for rule in parse(RULES).rules]
    assert len(printed) == 6
    assert [str(rule) for rule in parse("\n".join(printed)).rules] == printed


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("allow in all", 1, "syntax error"),
        ("# x\n\npass in from any to", 3, "syntax error"),
        ("pass in proto tcp to any port smbd", 1, "unknown port smbd"),
        ("pass in to any port 445", 1, "port only applies to tcp/udp"),
        ("pass in inet from fd00::/8 to any", 1, "rule expands to no valid combination"),
        ("pass in from $nets to any", 1, "macro 'nets' not defined"),
        ("pass in proto { tcp", 1, "syntax error"),
    ],
)
def test_wrong_rules_are_refused_with_their_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(SyntaxProblemError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.text) == (line, problem)


@pytest.mark.parametrize(
    "text",
    [
        'anchor "x"',
        "pass in all synproxy state",
        'table <t> file "/etc/t"',
        "set skip on lo0",
    ],
)
def test_what_real_pf_knows_and_the_lab_does_not_is_named(text: str) -> None:
    with pytest.raises(NotModelledError):
        parse(text)


def test_an_interface_s_own_networks_are_printed_as_they_were_written() -> None:
    (rule,) = parse("pass in quick proto tcp from (en0:network) to any port 445").rules
    assert str(rule) == "pass in quick proto tcp from (en0:network) to any port = 445 flags S/SA keep state"


@pytest.mark.parametrize(
    ("source", "expected"),
    [("10.0.0.4", "block"), ("10.0.0.5", "pass"), ("10.0.0.9", "pass"), ("10.0.0.10", "block"), ("fd00::5", "block")],
)
def test_a_range_lets_in_its_ends_and_what_lies_between(source: str, expected: str) -> None:
    rules = ["pass in quick proto tcp from 10.0.0.5 - 10.0.0.9 to any port 445", "block in all"]
    state = {"enabled": True, "main": ['anchor "a" all'], "anchors": {"a": {"rules": rules, "tables": {}}}}
    target = "fd00::1" if ":" in source else "10.0.0.1"
    assert verdict(state, Packet(source, target, 445)) == expected


class TestVerdict:
    def loaded(self, machine: MacMachine, anchor: str = ANCHOR) -> dict[str, object]:
        assert sudo(machine, f"pfctl -a {anchor} -f {FILE} && pfctl -E").returncode == 0
        return pf(machine)

    @pytest.mark.parametrize(
        ("packet", "expected"),
        [
            (Packet("172.29.9.9", "10.0.0.5", 445), "pass"),
            (Packet("192.168.0.7", "10.0.0.5", 139), "pass"),
            (Packet("192.168.1.7", "10.0.0.5", 445), "block"),
            (Packet("fd00:1::5", "fd00::2", 445), "pass"),
            (Packet("2001:db8::5", "fd00::2", 445), "block"),
            (Packet("192.168.1.7", "10.0.0.5", 22), "pass"),
            (Packet("192.168.1.7", "10.0.0.5", 445, protocol="udp"), "pass"),
            (Packet("192.168.1.7", "10.0.0.5", 445, direction="out"), "pass"),
        ],
    )
    def test_the_stock_rules_evaluate_an_anchor_of_apples(
        self, machine: MacMachine, packet: Packet, expected: str
    ) -> None:
        assert verdict(self.loaded(machine), packet) == expected

    @pytest.mark.parametrize("anchor", ["lab", "com.apple/a/b"])
    def test_an_anchor_that_no_rule_calls_does_nothing(self, machine: MacMachine, anchor: str) -> None:
        assert verdict(self.loaded(machine, anchor), Packet("192.168.1.7", "10.0.0.5", 445)) == "pass"

    def test_rules_without_an_enabled_pf_do_nothing(self, machine: MacMachine) -> None:
        state = {**self.loaded(machine), "enabled": False}
        assert verdict(state, Packet("192.168.1.7", "10.0.0.5", 445)) == "pass"


class TestPfctl:
    def test_an_anchor_is_loaded_shown_and_flushed(self, machine: MacMachine) -> None:
        done = sudo(machine, f"pfctl -a {ANCHOR} -f {FILE}")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.startswith(f"{NOISE}pfctl: Use of -f option, could result in flushing of rules\n")
        assert sudo(machine, f"pfctl -a {ANCHOR} -s rules").stdout.splitlines() == [
            "pass in quick proto tcp from <smb_allowed> to any port = 139 flags S/SA keep state",
            "pass in quick proto tcp from <smb_allowed> to any port = 445 flags S/SA keep state",
            "pass in quick inet proto tcp from 172.29.0.0/16 to any port = 445 flags S/SA keep state",
            "pass in quick inet proto tcp from 10.0.0.0/8 to any port = 445 flags S/SA keep state",
            "pass in quick inet6 proto tcp from fd00:1::/32 to any port = 445 flags S/SA keep state",
            "block drop in quick proto tcp from any to any port = 445",
        ]
        shown = sudo(machine, f"pfctl -a {ANCHOR} -t smb_allowed -T show")
        assert shown.stdout == "   172.29.0.0/16\n   192.168.0.0/24\n"
        assert sudo(machine, f"pfctl -a {ANCHOR} -F all").stderr == f"{NOISE}rules cleared\n"
        assert pf(machine)["anchors"] == {}

    def test_flushing_the_rules_keeps_the_tables_and_an_empty_anchor_prints_nothing(self, machine: MacMachine) -> None:
        sudo(machine, f"pfctl -a {ANCHOR} -f {FILE}; pfctl -a {ANCHOR} -F rules")
        done = sudo(machine, f"pfctl -a {ANCHOR} -s rules")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", NOISE)
        assert sudo(machine, f"pfctl -a {ANCHOR} -s Tables").stdout == "smb_allowed\n"

    def test_a_missing_anchor_exits_0_all_the_same(self, machine: MacMachine) -> None:
        done = sudo(machine, "pfctl -a com.apple/none -s rules")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"{NOISE}pfctl: DIOCGETRULES: Invalid argument\n"
        done = sudo(machine, "pfctl -a none -s Anchors")
        assert (done.returncode, done.stderr) == (0, f"{NOISE}pfctl: Anchor 'none' not found.\n")

    def test_anchors_are_listed_by_level(self, machine: MacMachine) -> None:
        sudo(machine, f"pfctl -a {ANCHOR} -f {FILE}")
        assert sudo(machine, "pfctl -s Anchors").stdout == "  com.apple\n"
        assert sudo(machine, "pfctl -a com.apple -s Anchors").stdout == f"  {ANCHOR}\n"

    def test_a_dry_run_reads_and_changes_nothing(self, machine: MacMachine) -> None:
        before = machine.fingerprint()
        assert sudo(machine, f"pfctl -a {ANCHOR} -nf {FILE}").returncode == 0
        rules = "echo block in proto tcp to port 445x | pfctl -a com.apple/x -nf -"
        wrong = sudo(machine, rules)
        assert wrong.returncode == 1
        assert wrong.stderr == (
            f"{NOISE}stdin:1: unknown port 445x\npfctl: Syntax error in config file: pf rules not loaded\n"
        )
        assert machine.fingerprint() == before

    def test_wrong_rules_leave_the_old_ones(self, machine: MacMachine) -> None:
        sudo(machine, f"echo block in all | pfctl -a {ANCHOR} -f -")
        assert sudo(machine, f"echo blok in all | pfctl -a {ANCHOR} -f -").returncode == 1
        assert sudo(machine, f"pfctl -a {ANCHOR} -sr").stdout == "block drop in all\n"

    def test_references_are_counted_by_token(self, machine: MacMachine) -> None:
        none = sudo(machine, "pfctl -s References")
        assert none.stdout == "No pf starter references held\n"
        assert sudo(machine, "pfctl -s info").stdout.startswith("Status: Disabled for 0 days 01:02:03")
        stale = sudo(machine, "pfctl -X 5")
        assert (stale.returncode, stale.stderr) == (1, f"{NOISE}pfctl: pf not enabled\n")
        first = sudo(machine, "pfctl -E")
        assert (first.returncode, first.stdout) == (0, "")
        assert first.stderr == f"{NOISE}pf enabled\nToken : 10000000001\n"
        sudo(machine, "pfctl -E")
        assert sudo(machine, "pfctl -s References").stdout == (
            "TOKENS:\n"
            "PID      Process Name                 TOKEN                    TIMESTAMP\n"
            "4000     pfctl                        10000000001              0 days 00:00:00\n"
            "4001     pfctl                        10000000002              0 days 00:00:00\n"
        )
        assert sudo(machine, "pfctl -X 5").stderr == f"{NOISE}pfctl: pf: token invalid\n"
        left = sudo(machine, "pfctl -X 10000000001").stderr
        assert (
            left == f"{NOISE}disable request successful. 1 more pf enable reference(s) remaining, pf still enabled.\n"
        )
        assert sudo(machine, "pfctl -s info").stdout.startswith("Status: Enabled for 0 days")
        assert sudo(machine, "pfctl -X 10000000002").stderr == f"{NOISE}pf disabled\n"
        assert sudo(machine, "pfctl -s info").stdout.startswith("Status: Disabled")

    def test_turning_it_off_for_everyone_takes_all_tokens(self, machine: MacMachine) -> None:
        sudo(machine, "pfctl -E; pfctl -E")
        already = sudo(machine, "pfctl -e")
        assert (already.returncode, already.stderr) == (1, f"{NOISE}pfctl: pf already enabled\n")
        assert sudo(machine, "pfctl -d").stderr == f"{NOISE}pf disabled\n"
        assert pf(machine)["tokens"] == []

    def test_loading_the_whole_file_flushes_what_others_loaded_and_succeeds(self, machine: MacMachine) -> None:
        sudo(machine, f"pfctl -a {ANCHOR} -f {FILE}")
        done = sudo(machine, "pfctl -f /etc/pf.conf")
        assert done.returncode == 0
        assert pf(machine)["anchors"] == {}
        main = ['scrub-anchor "com.apple/*" all fragment reassemble', 'anchor "com.apple/*" all']
        assert sudo(machine, "pfctl -s rules").stdout.splitlines() == main

    def test_loading_succeeds_with_the_anchors_file_missing(self, machine: MacMachine) -> None:
        put(machine, "/private/etc/own.conf", b'anchor "own"\nload anchor "own" from "/etc/pf.anchors/none"\n')
        assert sudo(machine, "pfctl -f /etc/own.conf").returncode == 0
        assert sudo(machine, "pfctl -s rules").stdout == 'anchor "own" all\n'
        assert pf(machine)["anchors"] == {}

    def test_only_root_may_and_other_uses_are_not_modelled(self, machine: MacMachine) -> None:
        refused = run(machine, "pfctl -s info")
        assert (refused.returncode, refused.stderr) == (1, "pfctl: /dev/pf: Permission denied\n")
        assert "lab: pfctl is not modelled" in sudo(machine, "pfctl -k 10.0.0.1").stderr
        dry = sudo(machine, "pfctl -nf /etc/pf.conf")
        assert dry.returncode == 127
        assert "it is no dry run" in dry.stderr


def test_a_packet_meets_a_range_of_addresses() -> None:
    main = ['anchor "com.apple/*" all']
    rules = ["block in quick proto tcp from ! 10.0.0.5 - 10.0.0.9 to any port 445"]
    state = {"enabled": True, "main": main, "anchors": {"com.apple/lab": {"rules": rules, "tables": {}}}}
    verdicts = {
        address: verdict(state, Packet(address, "10.0.0.1", 445)) for address in ("10.0.0.5", "10.0.0.9", "10.0.0.10")
    }
    assert verdicts == {"10.0.0.5": "pass", "10.0.0.9": "pass", "10.0.0.10": "block"}


@pytest.mark.parametrize(
    "rule",
    [
        "table <t> { 10.0.0.5 - 10.0.0.9 }",
        "pass in from 10.0.0.9 - 10.0.0.5 to any",
        "pass in from 10.0.0.9 - fd00::1 to any",
        "pass in from 10.0.0.5-10.0.0.9 to any",
    ],
)
def test_a_range_that_is_none_or_in_a_table_is_refused(rule: str) -> None:
    with pytest.raises(NotModelledError):
        parse(rule)
