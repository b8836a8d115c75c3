"""Action plugin `pac_check`: run a PAC file on the controller and compare its routes with a table."""

from __future__ import annotations

from dataclasses import asdict, replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.urls import ConnectionError as NoConnectionError
from ansible.module_utils.urls import SSLValidationError, open_url
from ansible.plugins.action import ActionBase

from ..plugin_utils.handover.pac import MAX_PAC_BYTES, PacError, answers, table
from ..plugin_utils.handover.pac_text import CharsetError, Text, decoded
from ..plugin_utils.reports.visible import visible
from ..plugin_utils.values.bounded import cut, masked

ARGUMENTS = {
    "pac": {"type": "str"},
    "path": {"type": "path"},
    "url": {"type": "str"},
    "routes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"url": {"type": "str", "required": True}, "expected": {"type": "str", "required": True}},
    },
    "addresses": {"type": "dict", "default": {}},
    "client_address": {"type": "str", "default": "127.0.0.1"},
}
ONE_OF = ["pac", "path", "url"]
SECONDS = 20
LONGEST_ANSWER = 1000
# What Windows takes: a file of this type, or of one of these names.
PAC_TYPE = "application/x-ns-proxy-autoconfig"
PAC_ENDINGS = (".pac", ".dat", ".js", ".jvs")


class ActionModule(ActionBase):
    """Ask the PAC, show the table, fail when a route is wrong; on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answers; failed when the PAC cannot be run or a route differs."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS, mutually_exclusive=[ONE_OF], required_one_of=[ONE_OF])
        notes: tuple[str, ...] = ()
        try:
            text = read(args)
            notes = text.notes
            found = answers(text.text, args["routes"], args["addresses"], args["client_address"])
        except (PacError, CharsetError) as error:
            words = cut(masked(". ".join([str(error), *notes])))
            return {"failed": True, "changed": False, "msg": words, "notes": list(notes)}
        # What the PAC says is somebody's file; the terminal obeys none of it.
        found = [replace(one, url=masked(one.url), got=cut(masked(one.got), LONGEST_ANSWER)) for one in found]
        self._display.display(visible(table(found, notes), keep="\n"))
        wrong = [f"{one.url}: expected {one.expected}, got {one.got}" for one in found if not one.right]
        words = f"{len(wrong)} of {len(found)} routes are wrong. " + "; ".join(wrong)
        return {
            "changed": False,
            "failed": bool(wrong),
            "msg": words if wrong else f"all {len(found)} routes are as expected",
            "routes": [asdict(one) for one in found],
            "notes": list(notes),
        }


def read(args: dict[str, Any]) -> Text:
    """Return the PAC as a browser reads it. Raises PacError and CharsetError."""
    if args["pac"] is not None:
        return Text(args["pac"])
    if args["url"] is not None:
        return decoded(*_fetched(args["url"]))
    try:
        return decoded(Path(args["path"]).read_bytes())
    except OSError as failure:
        raise PacError(f"{args['path']} cannot be read on this controller: {failure.strerror or failure}") from None


def _fetched(url: str) -> tuple[bytes, str]:
    """Return the file and its Content-Type. Raises PacError."""
    try:
        # Clients have no proxy when they ask for the file that names it.
        with open_url(url, use_proxy=False, timeout=SECONDS) as answer:
            raw, kind = answer.read(MAX_PAC_BYTES + 1), answer.headers.get("Content-Type", "")
    except (OSError, ValueError, HTTPException, NoConnectionError, SSLValidationError) as failure:
        # An answer like 404 is one of them.
        reason = getattr(failure, "reason", None) or failure
        code = getattr(failure, "code", None)
        raise PacError(f"{url} cannot be fetched by this controller: {f'{code} ' if code else ''}{reason}") from None
    if len(raw) > MAX_PAC_BYTES:
        raise PacError(f"{url} is larger than {MAX_PAC_BYTES} bytes; browsers refuse it")
    if kind.partition(";")[0].strip().lower() != PAC_TYPE and not urlsplit(url).path.lower().endswith(PAC_ENDINGS):
        raise PacError(
            f"pac_check_url: {url} is served as '{kind or 'no type'}'. Windows takes a file of the type {PAC_TYPE}, or "
            f"one whose name ends in {', '.join(PAC_ENDINGS[:-1])} or {PAC_ENDINGS[-1]}."
        )
    return raw, kind
