"""Records for the tests of the exports: one of each status, hostile texts, and any list of records of valid form."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from plugins.plugin_utils.records.records import LIVES, MOVED, NEWS, SEVERITIES, STATUSES, record, stamp
from plugins.plugin_utils.reports.files import write_all

WAIVER = {
    "control": "vpn_profile.port",
    "hosts": ["laptops"],
    "instance": None,
    "owner": "Suzuki",
    "reason": "会議室のネットワーク",
    "expires": "2026-12-31",
    "ticket": "NET-1234",
}
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of cdata": "]]>",
    "formula": "=cmd|'/C calc'!A0",
    "full-width formula": "＝1+1",
    "newline": "one\ntwo\r\nthree\rfour",
    "quote": 'say "yes"; it\'s, ok',
    "nul": "a\x00b",
    "escape": "\x1b[2J\x9b2J",
    "no character": "a\ufffeb\uffff",
    "half a character": "a\ud800b",
    "reading direction": "a\u202eb",
    "japanese": "東京大学の情報基盤センター",
    "beyond the first plane": "𠮷野家",
    "link": "[click](http://example.org) {0}",
    "megabyte": "x" * 1_000_000,
}


def rec(status: str, control: str = "vpn_profile.port", endpoint: str = "nb-0101.example.org", **fields: Any):
    """Return one stamped record; `fields` are those of `record`, or any other of a record."""
    known = ("instance", "scope", "expected", "actual", "reason", "evidence", "severity", "title", "why")
    given = {key: fields.pop(key) for key in known if key in fields}
    bare = record(control, status, role=fields.pop("role", "vpn_profile"), **given)
    common = {
        "run": fields.pop("run", "20261123T143000.000000Z"),
        "at": fields.pop("at", "2026-11-23T14:30:00Z"),
        "versions": fields.pop("versions", {"offsite_endpoints": "0.1.0", "ansible_core": "2.19.4"}),
    }
    before = {"before": "old"} if status == "fixed" else {}
    # A file that an older version has written holds texts of any length.
    return {**stamp([bare], endpoint=endpoint, **common)[0], **given, **before, **fields}


def exported(name: str, records: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the file of a format."""
    with tempfile.TemporaryDirectory() as folder:
        how = {"formats": [name], "language": "en", "metrics_file": None}
        made = write_all(Path(folder, "r"), [*records], how, [])
        return Path(made[name]).read_bytes()


def every_status() -> list[dict[str, Any]]:
    """Return records of all statuses on three endpoints, of which one was measured."""
    measured = [
        rec("compliant", "a.compliant"),
        rec("fixed", "b.fixed", expected=10443, actual=10443),
        rec("waived", "c.waived", waiver=WAIVER, reason="Port is 443; waived"),
        rec("not_applicable", "d.not_applicable", reason="no such client"),
        rec(
            "drifted", "e.drifted", expected=10443, actual=443, reason="the port is another", instance="IMR", news="new"
        ),
        rec("managed_elsewhere", "f.managed", severity="medium", reason="Group Policy", news="still"),
        rec("waiver_expired", "g.expired", severity="low", waiver=WAIVER, reason="the waiver ended"),
        rec("error", "h.error", reason="the module crashed"),
    ]
    return [
        *measured,
        rec("unreachable", "endpoint.reachable", "nb-0102.example.org", role="endpoint", reason="no answer in 5 s"),
        rec("offsite", "endpoint.reachable", "nb-0103.example.org", role="endpoint", reason="handed over"),
        rec("stale", "endpoint.reachable", "nb-0104.example.org", role="endpoint", reason="silent for 40 days"),
    ]


TEXTS = st.one_of(
    st.sampled_from([text for text in HOSTILE.values() if len(text) < 100]),
    st.text(st.characters(exclude_categories=()), max_size=12),
)
NAMES = TEXTS.filter(bool)
TIMES = st.sampled_from(["2026-11-23T14:30:00Z", "2025-01-01T00:00:00Z", "0000-00-00T99:99:99Z"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
WAIVERS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("control", "owner", "reason", "ticket"), TEXTS),
        "hosts": st.lists(TEXTS, max_size=2),
        "instance": st.none() | TEXTS,
        "expires": st.just("2026-12-31"),
    }
)
_REQUIRED = {
    **dict.fromkeys(("run", "endpoint", "control", "role"), NAMES),
    **dict.fromkeys(("reason", "evidence", "title"), TEXTS),
    "instance": st.none() | TEXTS,
    "scope": st.sampled_from(["machine", "default", "S-1-5-21-1"]),
    "status": st.sampled_from(STATUSES),
    "severity": st.sampled_from(SEVERITIES),
    "expected": VALUES,
    "actual": VALUES,
    "versions": st.dictionaries(st.sampled_from(["offsite_endpoints", "vpn_profile"]) | TEXTS, TEXTS, max_size=2),
    "at": TIMES,
}
_OPTIONAL = {
    **dict.fromkeys(("next", "owner", "put_back", "why", "moved_by", "user"), TEXTS),
    "life": st.sampled_from(LIVES),
    "since": TIMES,
    "news": st.sampled_from(NEWS),
    "moved": st.sampled_from(MOVED),
    "flapping": st.booleans(),
    "waiver": WAIVERS,
    "changes": st.just([{"at": "2026-11-23T14:30:00Z", "status": "drifted"}]),
}
RECORDS = st.lists(
    st.builds(
        lambda item, before: item | ({"before": before} if item["status"] == "fixed" else {}),
        st.fixed_dictionaries(_REQUIRED, optional=_OPTIONAL),
        VALUES,
    ),
    max_size=6,
    unique_by=lambda item: (item["endpoint"], item["role"], item["control"], item["instance"] or "", item["scope"]),
)
