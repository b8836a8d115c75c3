"""What is worth a mail or a message after a run: what went wrong since the last time, and waivers that have run out.

What was wrong the last time already, and what could not be measured, is not reported: a laptop that sleeps is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..records.records import NOT_GOOD, Record, merge, whom
from .summary import NEXT_STEPS, clean

# A mail is read on a phone: so many lines, and the rest is in the report.
MAX_LINES = 50
MAX_SUBJECT = 120
MAX_VALUE = 300
_NAMED_ENDPOINTS = 3


def notification(records: Iterable[Mapping[str, Any]], report: str = "") -> dict[str, Any] | None:
    """Return what to tell about the records of a run, None when there is nothing new.

    {"new": [records], "expired": [records], "subject": one line, "text": a mail's text, "json": a webhook's body: the
    same as data, and `text`, which chat servers show}. `report` is where the whole report is, a path.
    """
    known: list[Record] = [*merge(records)]
    expired = [item for item in known if _expired_now(item)]
    new = [item for item in known if _is_news(item) and not _expired_now(item)]
    if not new and not expired:
        return None
    subject, text = _subject(new, expired), _text(new, expired, report)
    data = {
        "subject": subject,
        "report": report,
        "counts": {"new": len(new), "waiver_expired": len(expired)},
        "new": [_brief(item) for item in new[:MAX_LINES]],
        "waiver_expired": [_brief(item) for item in expired[:MAX_LINES]],
        "text": _for_chat(text),
    }
    return {"new": new, "expired": expired, "subject": subject, "text": text, "json": data}


def _is_news(item: Record) -> bool:
    return item["status"] in NOT_GOOD and item.get("news") == "new"


def _expired_now(item: Record) -> bool:
    """Say whether a waiver ran out between the last measurement and this one."""
    if item["status"] != "waiver_expired":
        return False
    began = [change["at"] for change in item.get("changes", [])]
    return item.get("news") == "new" or began[-1:] == [item["at"]]


def _subject(new: list[Record], expired: list[Record]) -> str:
    """Return one line: a line break in a header would begin another header."""
    parts = [f"{len(new)} new"] * bool(new)
    parts += [f"{len(expired)} waiver{'s' * (len(expired) > 1)} expired"] * bool(expired)
    names = sorted({item["endpoint"] for item in [*new, *expired]})
    more = f" and {len(names) - _NAMED_ENDPOINTS} more" if len(names) > _NAMED_ENDPOINTS else ""
    where = ", ".join(_short(name, 30) for name in names[:_NAMED_ENDPOINTS]) + more
    return _short(f"Endpoints: {', '.join(parts)} on {where}", MAX_SUBJECT)


def _text(new: list[Record], expired: list[Record], report: str) -> str:
    lines: list[str] = []
    left = 0
    for title, items in (("New since the last time", new), ("Waiver expired", expired)):
        if not items:
            continue
        lines += [*([""] if lines else []), f"{title}: {len(items)}"]
        for item in items:
            entry = _entry(item)
            # Once one is left out, all that follow are, so that the number is of the last ones.
            if left or len(lines) + len(entry) > MAX_LINES:
                left += 1
            else:
                lines += entry
    if left:
        lines.append(f"and {left} more")
    if report:
        lines += ["", f"The whole report: {clean(report)}"]
    return "\n".join(lines) + "\n"


def _entry(item: Record) -> list[str]:
    instance = f" [{_short(item['instance'])}]" if item["instance"] is not None else ""
    who = whom(item)
    scope = f" for {_short(who)}" if who else ""
    head = f"- {_short(item['endpoint'])}: {_short(item['control'])}{instance}{scope} ({item['severity']})"
    lines = [head, f"    {_short(item['reason'] or item['title'])}"]
    waiver = item.get("waiver")
    if item["status"] == "waiver_expired" and waiver:
        lines.append(f"    waiver of {_short(waiver['owner'])} until {waiver['expires']}: {_short(waiver['reason'])}")
    return [*lines, f"    next: {_short(item.get('next') or NEXT_STEPS[item['status']])}"]


def _brief(item: Record) -> dict[str, Any]:
    """Return a record without its values: they can be large, and are nobody's business outside."""
    names = ("endpoint", "control", "instance", "scope", "user", "status", "severity", "reason", "since", "owner")
    texts = {name: item.get(name) for name in names}
    brief = {name: _short(text) if isinstance(text, str) else text for name, text in texts.items()}
    return brief | ({"waiver_expires": item["waiver"]["expires"]} if "waiver" in item else {})


def _for_chat(text: str) -> str:
    """Return the text as a block that chat servers show as it is: no mention, no link, no format of an endpoint's."""
    plain = text.replace("`", "'").replace("<", "‹").replace(">", "›")
    return f"```\n{plain}```"


def _short(text: str, limit: int = MAX_VALUE) -> str:
    # Cut first: a text of a megabyte need not be cleaned as a whole.
    shown = clean(text[: limit + 1])
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
