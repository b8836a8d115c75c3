"""What is said of a gateway's certificate, word for word: people act on it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.handover.certificate import Judgement, fits, judge

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
REACH = (
    "see that the gateway is up and that this controller reaches it: its DNS, its network, a firewall between "
    "(handover_gateway_address names another way); then run again"
)
RENEW = "have the gateway's administrators fix this before the laptop leaves; never tell people to accept a warning"
TRUST = "if your own CA signed it, the laptops have to trust that CA, and handover_gateway_ca_path has to name it"
FOR_IT = "for fg.example.org, valid until 2027-01-31"


def look(**changes: Any) -> dict[str, Any]:
    certificate = {
        "names": ["fg.example.org"],
        "issuer": "Example CA",
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2027-01-31T00:00:00Z",
        **changes.pop("certificate", {}),
    }
    given = {"error": "", "certificate": certificate, "verified": True, "verify_code": 0, "verify_words": ""}
    return {**given, **changes}


@pytest.mark.parametrize(
    ("found", "judgement"),
    [
        (look(), Judgement("compliant", actual=FOR_IT)),
        (look(error="refused"), Judgement("error", "refused", next=REACH)),
        (
            {**look(verify_words="odd bytes"), "certificate": None},
            Judgement("error", "the gateway's certificate cannot be read: odd bytes", next=RENEW),
        ),
        (
            {**look(), "certificate": None},
            Judgement("error", "the gateway's certificate cannot be read: no reason was given", next=RENEW),
        ),
        (
            look(verified=False, verify_code=19, verify_words="self-signed"),
            Judgement(
                "drifted",
                "the gateway's certificate is not trusted (self-signed); it was issued by Example CA",
                FOR_IT,
                f"{RENEW}; {TRUST}",
            ),
        ),
        (
            look(verified=False, verify_code=19, verify_words="self-signed", certificate={"issuer": "", "names": []}),
            Judgement(
                "drifted",
                "the gateway's certificate is for no name at all, not for fg.example.org; it is not trusted "
                "(self-signed); it was issued by nobody named",
                "for no name at all, valid until 2027-01-31",
                f"{RENEW}; {TRUST}",
            ),
        ),
        (
            look(certificate={"not_after": "2026-12-09T11:00:00Z"}),
            Judgement(
                "drifted",
                "the gateway's certificate ends on 2026-12-09 (full days left: 9, required: 30)",
                "for fg.example.org, valid until 2026-12-09",
                RENEW,
            ),
        ),
        (
            look(certificate={"not_before": "2026-11-30T00:00:00Z"}),
            Judgement("drifted", "the gateway's certificate is not valid before 2026-11-30", FOR_IT, RENEW),
        ),
    ],
)
def test_each_judgement_says_what_and_what_to_do(found: dict[str, Any], judgement: Judgement) -> None:
    assert judge(found, "fg.example.org", 30, NOW) == judgement


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a", "b", "c", "d", "e"], "a, b, c, d, e"),
        (["a", "b", "c", "d", "e", "f", "g"], "a, b, c, d, e and 2 more"),
    ],
)
def test_of_many_names_the_first_five_are_shown(names: list[str], shown: str) -> None:
    found = judge(look(certificate={"names": names}), "fg.example.org", 30, NOW)
    assert found.reason == f"the gateway's certificate is for {shown}, not for fg.example.org"


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ({"not_after": "2026-11-29T12:00:00Z"}, "the gateway's certificate expired on 2026-11-29"),
        ({"not_before": "2026-11-29T12:00:00Z"}, ""),
    ],
)
def test_a_certificate_ends_at_its_last_second_and_begins_at_its_first(
    certificate: dict[str, Any], reason: str
) -> None:
    assert judge(look(certificate=certificate), "fg.example.org", 30, NOW).reason == reason


def test_the_dot_at_a_name_s_end_is_no_part_of_it() -> None:
    assert fits("FG.example.org.", ["fg.example.org"])
    assert not fits(".fg.example.org", ["fg.example.org"])
