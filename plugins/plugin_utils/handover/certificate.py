"""Is a TLS server's certificate good for its name, and for how long yet? In words for a person.

A look (`plugins/action/gateway_certificate.py` takes one) is a dict:

    error         why there is nothing to judge, "" when there was a handshake
    address       where it was taken: host:port
    verified      whether TLS itself took the certificate: chain, name and dates
    verify_code   OpenSSL's number for why not, 0 otherwise; verify_words its words
    certificate   {names: DNS names and addresses it is for, issuer, not_before, not_after}, or None; times are in UTC,
                  such as 2026-11-23T14:30:00Z
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..records.since import moment

# What OpenSSL says about the dates and the name, which is reported here in more words.
_SAID_BY_DATES_AND_NAME = (9, 10, 62, 64)
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class Judgement:
    """What a look says: `status` compliant, drifted or error, with texts for a record."""

    status: str
    reason: str = ""
    actual: str | None = None
    next: str = ""


def judge(look: Mapping[str, Any], name: str, days: int, now: datetime) -> Judgement:
    """Judge a look at the certificate of `name`, which has to be good for `days` days after `now` (with time zone)."""
    if look["error"]:
        return Judgement("error", str(look["error"]), next=_REACH)
    certificate = look["certificate"]
    if certificate is None:
        reason = f"the gateway's certificate cannot be read: {look['verify_words'] or 'no reason was given'}"
        return Judgement("error", reason, next=_RENEW)
    problems = [*_dates(certificate, days, now), *_name(certificate["names"], name)]
    untrusted = not look["verified"] and (look["verify_code"] not in _SAID_BY_DATES_AND_NAME or not problems)
    if untrusted:
        problems.append(
            f"is not trusted ({look['verify_words']}); it was issued by {certificate['issuer'] or 'nobody named'}"
        )
    if not problems:
        return Judgement("compliant", actual=_shown(certificate))
    reason = "the gateway's certificate " + "; it ".join(problems)
    return Judgement("drifted", reason, _shown(certificate), f"{_RENEW}; {_TRUST}" if untrusted else _RENEW)


def fits(name: str, names: Iterable[str]) -> bool:
    """Say whether a certificate for `names` is one for `name`; a * stands for one whole first label (RFC 6125).

    >>> fits("fg.example.org", ["*.example.org"]), fits("a.b.example.org", ["*.example.org"])
    (True, False)
    """
    wanted = name.casefold().rstrip(".")
    rest = wanted.partition(".")[2]
    return any(one.casefold() in (wanted, f"*.{rest}") for one in names)


_RENEW = "have the gateway's administrators fix this before the laptop leaves; never tell people to accept a warning"
_TRUST = "if your own CA signed it, the laptops have to trust that CA, and handover_gateway_ca_path has to name it"
_REACH = (
    "see that the gateway is up and that this controller reaches it: its DNS, its network, a firewall between "
    "(handover_gateway_address names another way); then run again"
)


def _dates(certificate: Mapping[str, Any], days: int, now: datetime) -> list[str]:
    begin, end = (moment(certificate[key]) for key in ("not_before", "not_after"))
    if end <= now:
        return [f"expired on {end:%Y-%m-%d}"]
    if begin > now:
        return [f"is not valid before {begin:%Y-%m-%d}"]
    left = (end - now).days
    return [f"ends on {end:%Y-%m-%d} (full days left: {left}, required: {days})"] if left < days else []


def _name(names: list[str], name: str) -> list[str]:
    if fits(name, names):
        return []
    return [f"is for {_listed(names)}, not for {name}"]


def _shown(certificate: Mapping[str, Any]) -> str:
    end = moment(certificate["not_after"])
    return f"for {_listed(certificate['names'])}, valid until {end:%Y-%m-%d}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return (", ".join(names[:_SHOWN_NAMES]) or "no name at all") + more
