"""What the controller found before a laptop is handed over, as records beside those of the laptop's own state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..records.records import record
from .certificate import judge

ROLE = "handover"
CERTIFICATE = "handover.gateway_certificate"
ROUTES = "handover.pac_routes"

_CERTIFICATE_TITLE = "The gateway's certificate matches its name and does not expire soon"
_CERTIFICATE_WHY = "service.md#gateway: always by name, the certificate is for the name"
_ROUTES_TITLE = "The PAC file returns the expected routes"
_ROUTES_WHY = "service.md#routes"


def certificate_record(result: Mapping[str, Any], days: int, now: datetime) -> dict[str, Any]:
    """Return the record of one item of a loop of `gateway_certificate` over {name, port}."""
    name, port = str(result["item"]["name"]), result["item"]["port"]
    expected = f"for {name}, valid for {days} day{'' if days == 1 else 's'} or more"
    base: dict[str, Any] = {
        "role": ROLE,
        "instance": f"{name}:{port}",
        "expected": expected,
        "title": _CERTIFICATE_TITLE,
        "why": _CERTIFICATE_WHY,
    }
    look = result.get("look")
    if not isinstance(look, Mapping):
        reason = f"the check of the certificate did not finish: {result.get('msg') or 'no message'}"
        return record(CERTIFICATE, "error", reason=reason, **base)
    found = judge(look, name, days, now)
    evidence = f"TLS handshake of the controller with {look['address']}"
    item = record(CERTIFICATE, found.status, actual=found.actual, reason=found.reason, evidence=evidence, **base)
    return {**item, "next": found.next} if found.next else item


def pac_record(url: str, routes: Iterable[Mapping[str, Any]], failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of asking the PAC file at `url` about `routes` ({url, expected}).

    `failure` is the result of the task of pac_check that failed, {} when none did.
    """
    expected = [f"{route['url']}: {route['expected']}" for route in routes]
    evidence = f"{url}, run on the controller"
    base: dict[str, Any] = {"role": ROLE, "title": _ROUTES_TITLE, "why": _ROUTES_WHY, "evidence": evidence}
    if not url or not expected:
        missing = "fortissl_proxy_pac_url is not set" if not url else "pac_check_routes lists no route"
        return record(ROUTES, "not_applicable", reason=f"{missing}, so there is nothing to compare", **base)
    if not failure:
        return record(ROUTES, "compliant", expected=expected, actual=expected, **base)
    answers = failure.get("routes")
    words = str(failure.get("msg") or "no message")
    if isinstance(answers, list):
        actual = [f"{one['url']}: {one['got']}" for one in answers]
        item = record(ROUTES, "drifted", expected=expected, actual=actual, reason=words, **base)
        return {**item, "next": f"correct the file behind {url}; if it is right, correct pac_check_routes instead"}
    item = record(ROUTES, "error", expected=expected, reason=f"the PAC file was not evaluated: {words}", **base)
    return {**item, "next": f"see that this controller reaches {url} and that it is a PAC file; then run again"}


def with_records(known: Iterable[Mapping[str, Any]], fresh: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the role's records with the controller's in place of those of an earlier look."""
    kept = [dict(item) for item in known if item["control"] not in (CERTIFICATE, ROUTES)]
    return kept + [dict(item) for item in fresh]
