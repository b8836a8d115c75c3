"""What a waiver does: which one concerns a control, what becomes of the record, and what the report lists."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records.records import NOT_MEASURED, STATUSES, Record, check_record, record, stamp
from plugins.plugin_utils.records.waivers import (
    Waiver,
    WaiverError,
    apply_waiver,
    check_known,
    find,
    is_valid,
    listing,
    read_waivers,
    waivers_file,
    waiving,
)

TODAY = datetime.date(2026, 11, 23)
STAMP: dict[str, Any] = {"run": "r1", "at": "2026-11-23T14:30:00Z", "versions": {}}
CONTROLS = ("vpn_profile.port", "vpn_profile.server", "rdp_enable.port")


def waiver(control: str = "vpn_profile.port", hosts: tuple[str, ...] = ("pc1",), **fields: Any) -> Waiver:
    defaults: dict[str, Any] = {
        "instance": None,
        "owner": "Suzuki (network office)",
        "reason": "the conference network lets only 10443 out",
        "expires": datetime.date(2026, 12, 31),
        "ticket": "",
        "line": 1,
    }
    return Waiver(control=control, hosts=hosts, **{**defaults, **fields})


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def rec(
    status: str, one: Waiver | None = None, control: str = "vpn_profile.port", endpoint: str = "pc1", **fields: Any
):
    bare = record(control, status, role="vpn_profile", **fields)
    if one is not None:
        bare["waiver"] = one.as_record()
    return stamp([bare], endpoint=endpoint, **STAMP)[0]


def find_for(waivers: list[Waiver], today: datetime.date = TODAY, **about: Any) -> Waiver | None:
    where: dict[str, Any] = {"control": "vpn_profile.port", "instance": "IMR", "host": "pc1", "groups": ("laptops",)}
    return find(waivers, **{**where, **about}, today=today)


def test_a_waiver_in_a_record_is_what_the_schema_asks_for():
    item = apply_waiver(rec("drifted"), waiver(instance="IMR", ticket="NET-1234"), TODAY)
    assert item["waiver"] == {
        "control": "vpn_profile.port",
        "hosts": ["pc1"],
        "instance": "IMR",
        "owner": "Suzuki (network office)",
        "reason": "the conference network lets only 10443 out",
        "expires": "2026-12-31",
        "ticket": "NET-1234",
    }
    assert check_record(item) is None


@pytest.mark.parametrize(
    ("hosts", "concerned"),
    [
        (("pc1",), True),
        (("laptops",), True),
        (("all",), True),
        (("pc*",), True),
        (("lap*",), True),
        (("pc2", "pc1"), True),
        (("pc2",), False),
        (("PC1",), False),
        (("pc",), False),
    ],
)
def test_hosts_are_names_groups_and_wildcards(hosts, concerned):
    assert (find_for([waiver(hosts=hosts)]) is not None) is concerned


@pytest.mark.parametrize(
    ("control", "instance", "concerned"),
    [
        ("vpn_profile.port", None, True),
        ("vpn_profile.port", "IMR", True),
        ("vpn_profile.*", "IMR", True),
        ("vpn_profile.por?", None, True),
        ("vpn_profile.port", "imr", False),
        ("vpn_profile.port", "other", False),
        ("vpn_profile", None, False),
        ("rdp_enable.*", None, False),
    ],
)
def test_a_control_fits_by_its_id_and_its_instance(control, instance, concerned):
    assert (find_for([waiver(control, instance=instance)]) is not None) is concerned


def test_an_instance_is_not_there_for_a_control_that_has_none():
    assert find_for([waiver(instance="IMR")], instance=None) is None


def test_of_several_a_valid_one_counts_then_the_longest_then_the_first():
    ended = waiver(expires=day("2026-11-22"), line=1)
    short = waiver(expires=day("2026-11-23"), line=2)
    long = waiver(expires=day("2027-01-01"), line=3)
    same = waiver(expires=day("2027-01-01"), line=4)
    assert find_for([ended, short, same, long]) == long
    assert find_for([ended, short]) == short
    assert find_for([waiver(expires=day("2026-01-01")), ended]) == ended
    assert find_for([]) is None


def test_the_last_day_still_counts():
    assert is_valid(waiver(expires=day("2026-11-23")), TODAY) is True
    assert is_valid(waiver(expires=day("2026-11-22")), TODAY) is False


@pytest.mark.parametrize("status", ["drifted", "managed_elsewhere"])
def test_a_drift_is_waived_until_the_last_day_has_passed(status):
    item = rec(status, reason="Port is 443")
    assert apply_waiver(item, waiver(), day("2026-12-31"))["status"] == "waived"
    assert apply_waiver(item, waiver(), day("2027-01-01"))["status"] == "waiver_expired"
    assert apply_waiver(item, waiver(), day("2026-12-31"))["reason"] == (
        "Port is 443; waived until 2026-12-31 by Suzuki (network office): the conference network lets only 10443 out"
    )
    assert apply_waiver(item, waiver(), day("2027-01-01"))["reason"] == (
        "Port is 443; the waiver of Suzuki (network office) expired on 2026-12-31"
    )
    assert apply_waiver({**item, "reason": ""}, waiver(), day("2027-01-01"))["reason"] == (
        "the waiver of Suzuki (network office) expired on 2026-12-31"
    )
    assert (item["status"], item["reason"], "waiver" in item) == (status, "Port is 443", False)


@pytest.mark.parametrize("status", sorted({*STATUSES} - {"drifted", "managed_elsewhere"}))
@pytest.mark.parametrize("today", ["2026-11-23", "2027-01-01"])
def test_no_other_status_is_changed_by_a_waiver(status, today):
    item = rec(status, reason="as it was")
    marked = apply_waiver(item, waiver(), day(today))
    assert (marked["status"], marked["reason"]) == (status, "as it was")
    assert marked["waiver"]["expires"] == "2026-12-31"


def test_without_a_waiver_the_record_stays_as_it_is():
    assert apply_waiver(rec("drifted"), None, TODAY) == rec("drifted")


def test_a_control_that_does_not_exist_is_reported_with_what_was_meant():
    known = [waiver(line=1), waiver("vpn_*", line=9), waiver("*.port", line=12)]
    check_known(known, CONTROLS, "waivers.yml")
    with pytest.raises(WaiverError) as caught:
        check_known([waiver("vpn_profile.prot", line=4), *known, waiver("tls_*", line=20)], CONTROLS, "waivers.yml")
    assert str(caught.value).splitlines() == [
        "waivers.yml, line 4: there is no control 'vpn_profile.prot'; did you mean vpn_profile.port?; "
        "see docs/waivers.md",
        "waivers.yml, line 20: there is no control 'tls_*'; the files in the roles' vars/ name them; "
        "see docs/waivers.md",
    ]


def states(records: list[Record], waivers: list[Waiver], soon_days: int = 14) -> list[tuple[str, Any]]:
    return [(row["state"], row["line"]) for row in listing(records, waivers, today=TODAY, soon_days=soon_days)]


def test_what_is_listed_of_a_waiver():
    one = waiver(line=3, ticket="NET-1")
    assert listing([rec("waived", one)], [one], today=TODAY, soon_days=14) == [
        {
            "control": "vpn_profile.port",
            "hosts": ["pc1"],
            "instance": None,
            "owner": "Suzuki (network office)",
            "reason": "the conference network lets only 10443 out",
            "expires": "2026-12-31",
            "ticket": "NET-1",
            "state": "used",
            "line": 3,
        }
    ]


def test_a_used_waiver_is_soon_when_its_last_day_is_near():
    for expires, expected in [("2026-12-08", "used"), ("2026-12-07", "soon"), ("2026-11-23", "soon")]:
        one = waiver(expires=day(expires))
        assert states([rec("waived", one)], [one]) == [(expected, 1)]


def test_expired_means_that_a_record_needs_it():
    one = waiver(expires=day("2026-11-01"))
    assert states([rec("waiver_expired", one)], [one]) == [("expired", 1)]
    assert states([rec("compliant", one)], [one]) == [("unused", 1)]


def test_unused_and_unmatched_are_distinguished():
    one = waiver()
    assert states([rec("compliant", one)], [one]) == [("unused", 1)]
    assert states([rec("compliant")], [one]) == [("unused", 1)]
    assert states([rec("compliant", endpoint="pc2")], [one]) == [("unmatched", 1)]
    assert states([rec("compliant", control="vpn_profile.server")], [one]) == [("unmatched", 1)]
    assert states([rec("compliant", instance="other")], [waiver(instance="IMR")]) == [("unmatched", 1)]
    assert states([], [one]) == [("unmatched", 1)]


@pytest.mark.parametrize("status", [*NOT_MEASURED, "error"])
def test_a_waiver_is_not_called_unused_where_nothing_was_measured(status):
    assert states([rec(status, waiver())], [waiver()]) == [("unmatched", 1)]


def test_a_renewed_waiver_leaves_the_old_one_unused_also_for_a_group():
    old = waiver(hosts=("laptops", "macs"), expires=day("2026-11-01"), line=1)
    new = waiver(hosts=("laptops",), line=9)
    assert states([rec("waived", new)], [old, new]) == [("used", 9), ("unused", 1)]
    elsewhere = waiver(hosts=("macs",), expires=day("2026-11-01"), line=1)
    assert states([rec("waived", new)], [elsewhere, new]) == [("used", 9), ("unmatched", 1)]


def test_a_waiver_that_only_the_records_know_is_listed_once_without_a_line():
    one = waiver()
    assert states([rec("waived", one), rec("waived", one, instance="IMR")], []) == [("used", None)]
    assert states([rec("waived", one)], [waiver(line=7)]) == [("used", 7)]
    assert states([rec("waived", one)], [waiver(ticket="NET-1", line=7)]) == [("used", None), ("unused", 7)]


def test_the_list_has_one_order_what_asks_for_something_first():
    expired = waiver("a.1", expires=day("2026-11-01"), line=1)
    soon = waiver("a.2", expires=day("2026-11-30"), line=2)
    used = waiver("a.3", line=3)
    unused = waiver("a.4", line=4)
    unmatched = waiver("a.5", line=5)
    records = [
        rec("waiver_expired", expired, control="a.1"),
        rec("waived", soon, control="a.2"),
        rec("waived", used, control="a.3"),
        rec("compliant", unused, control="a.4"),
    ]
    expected = [("expired", 1), ("soon", 2), ("used", 3), ("unused", 4), ("unmatched", 5)]
    assert states(records, [unmatched, used, unused, soon, expired]) == expected
    assert states(records[::-1], [expired, soon, used, unused, unmatched]) == expected


def test_the_file_of_the_documentation_is_read(tmp_path):
    path = tmp_path / "waivers.yml"
    path.write_text(
        "# what we live with\n"
        "- control: vpn_profile.port\n"
        "  hosts: [nb-0101.example.org]\n"
        "  instance: IMR\n"
        "  owner: Suzuki (network office)\n"
        "  reason: |\n"
        "    the conference network\n"
        "    lets only 10443 out\n"
        "  expires: 2026-12-31\n"
        "  ticket: NET-1234\n"
        "- {control: 'rdp_*', hosts: [macs], owner: 鈴木, reason: 会議室, expires: '2027-01-31'}\n",
        encoding="utf-8",
    )
    assert read_waivers(path) == [
        Waiver(
            control="vpn_profile.port",
            hosts=("nb-0101.example.org",),
            instance="IMR",
            owner="Suzuki (network office)",
            reason="the conference network lets only 10443 out",
            expires=datetime.date(2026, 12, 31),
            ticket="NET-1234",
            line=2,
        ),
        Waiver("rdp_*", ("macs",), None, "鈴木", "会議室", datetime.date(2027, 1, 31), "", 11),
    ]


IN_A_FILE = "- {control: vpn_profile.port, hosts: [%s], owner: Suzuki, reason: r, expires: 2026-12-31}\n"


def test_the_file_beside_the_inventory_is_read_and_one_that_is_named_goes_before_it(tmp_path: Path) -> None:
    folder, hosts = tmp_path / "inventory", tmp_path / "other/hosts.yml"
    folder.mkdir()
    hosts.parent.mkdir()
    hosts.touch()
    sources = {"ansible_inventory_sources": [str(folder), str(hosts), str(folder)]}
    assert waivers_file({}) is None
    assert waivers_file(sources) is None
    (hosts.parent / "waivers.yml").touch()
    assert waivers_file(sources) == hosts.parent / "waivers.yml"
    (hosts.parent / "waivers.yml").unlink()
    (folder / "waivers.yml").touch()
    assert waivers_file(sources) == folder / "waivers.yml"
    (hosts.parent / "waivers.yml").touch()
    assert waivers_file({**sources, "endpoint_waivers_file": "mine.yml"}) == Path("mine.yml")
    with pytest.raises(WaiverError) as refused:
        waivers_file(sources)
    both = f"{folder}/waivers.yml and {hosts.parent}/waivers.yml"
    assert str(refused.value) == (
        f"{both}: two files of waivers in one run; keep one, or name it in endpoint_waivers_file; see docs/waivers.md"
    )


@pytest.mark.parametrize(
    ("hosts", "today", "status"),
    [
        ("pc1", TODAY, "waived"),
        ("laptops", TODAY, "waived"),
        ("pc2", TODAY, "drifted"),
        ("pc1", day("2027-01-01"), "waiver_expired"),
    ],
)
def test_a_waiver_of_the_file_is_put_on_the_record_of_its_endpoint(
    tmp_path: Path, hosts: str, today: datetime.date, status: str
) -> None:
    (tmp_path / "waivers.yml").write_text(IN_A_FILE % hosts)
    known = {"inventory_hostname": "pc1", "group_names": ["laptops"], "ansible_inventory_sources": [str(tmp_path)]}
    drifted = record("vpn_profile.port", "drifted", role="vpn_profile")
    assert waiving(known, today)(drifted)["status"] == status
    assert waiving({**known, "ansible_inventory_sources": []}, today)(drifted) == drifted


def test_a_waiver_that_a_record_carries_is_that_of_the_file_whatever_the_order_of_its_keys() -> None:
    item = rec("waived", waiver())
    item["waiver"] = dict(sorted(item["waiver"].items(), reverse=True))
    assert [(row["state"], row["line"]) for row in listing([item], [waiver()], today=TODAY, soon_days=7)] == [
        ("used", 1)
    ]
