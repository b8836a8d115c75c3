"""pfctl: status, enable references, anchors. Rules are kept as it prints them (lab/macos/pf.py).

Source: docs/sources/macos.md#packet-filter.

`main` in the machine's facts are the main rules, `anchors` what was loaded into each anchor. Loading a whole pf.conf
flushes what others loaded, as reported. Noise goes to standard error at every call.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from lab.macos import pf
from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_ALTQ = "No ALTQ support in kernel\nALTQ related functions disabled\n"
_FLUSH = (
    "pfctl: Use of -f option, could result in flushing of rules\n"
    "present in the main ruleset added by the system at startup.\n"
    "See /etc/pf.conf for further details.\n\n"
)
_TOKENS = "TOKENS:\nPID      Process Name                 TOKEN                    TIMESTAMP"
_SHORT = {"-sr": "rules", "-si": "info", "-sa": "all", "-sA": "Anchors"}


def pfctl(session: Session, arguments: list[str]) -> int:
    """Run one call."""
    if session.who.uid != 0:
        raise ToolError("pfctl: /dev/pf: Permission denied")
    sys.stderr.write(_ALTQ)
    sys.stderr.flush()
    words = [part for word in arguments for part in (["-s", _SHORT[word]] if word in _SHORT else [word])]
    anchor = ""
    if words[:1] == ["-a"] and len(words) > 1:
        anchor, words = words[1], words[2:]
    try:
        match words:
            case ["-s", what]:
                return _show(session.state.read()["pf"], what, anchor, arguments)
            case ["-t", table, "-T", "show"]:
                return _show_table(session.state.read()["pf"], anchor, table)
            case ["-n", "-f", file] | ["-nf", file]:
                _parse(file, anchor)
                return 0
            case ["-f", file] | ["-F", "rules" | "all", "-f", file]:
                return _load(session, anchor, file)
            case ["-F", "rules" | "all"] if anchor:
                return _flush(session, anchor, everything=words[1] == "all")
            case ["-E"] if not anchor:
                return _enable(session)
            case ["-X", token] if not anchor:
                return _release(session, token)
            case ["-e" | "-d"] if not anchor:
                return _switch(session, on=words == ["-e"])
    except pf.NotModelledError as error:
        raise ToolError(f"lab: pf does not model {error}", 127) from None
    raise not_modelled("pfctl", arguments)


def _show(state: dict[str, Any], what: str, anchor: str, arguments: list[str]) -> int:
    match what:
        case "info" if not anchor:
            print(
                f"Status: {'Enabled' if state['enabled'] else 'Disabled'} for 0 days 01:02:03           Debug: Urgent"
            )
        case "References" if not anchor:
            rows = [
                f"{4000 + n:<8} {'pfctl':<28} {token:<24} 0 days 00:00:00" for n, token in enumerate(state["tokens"])
            ]
            print("\n".join([_TOKENS, *rows]) if rows else "No pf starter references held")
        case "rules" if not anchor:
            print("\n".join(state["main"]))
        case "rules" if anchor not in state["anchors"]:
            # Its exit code is 0 all the same.
            sys.stderr.write("pfctl: DIOCGETRULES: Invalid argument\n")
        case "rules":
            sys.stdout.write("".join(f"{rule}\n" for rule in state["anchors"][anchor]["rules"]))
        case "Tables" if anchor:
            sys.stdout.write(
                "".join(f"{name}\n" for name in sorted(state["anchors"].get(anchor, {}).get("tables", {})))
            )
        case "Anchors":
            _show_anchors(state, anchor)
        case _:
            raise not_modelled("pfctl", arguments)
    return 0


def _show_anchors(state: dict[str, Any], anchor: str) -> None:
    called = [name.removesuffix("/*") for line in state["main"] for name in re.findall(r'^anchor "([^"]+)"', line)]
    depth = anchor.count("/") + 1 if anchor else 0
    names = {"/".join(name.split("/")[: depth + 1]) for name in [*called, *state["anchors"]]}
    below = sorted(
        name for name in names if name.count("/") == depth and name.startswith(f"{anchor}/" if anchor else "")
    )
    if anchor and not below and anchor not in names | set(called):
        sys.stderr.write(f"pfctl: Anchor '{anchor}' not found.\n")
    sys.stdout.write("".join(f"  {name}\n" for name in below))


def _show_table(state: dict[str, Any], anchor: str, table: str) -> int:
    tables = state["anchors"].get(anchor, {}).get("tables", {})
    if table not in tables:
        raise ToolError("pfctl: Table does not exist.", 255)
    sys.stdout.write("".join(f"   {address}\n" for address in tables[table]))
    return 0


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        with open(file, encoding="utf-8") as handle:
            return handle.read()
    except OSError as error:
        raise ToolError(
            f"pfctl: {file}: {error.strerror}\npfctl: cannot open the main config file!: {error.strerror}"
        ) from error


def _parse(file: str, anchor: str) -> pf.Ruleset:
    if not anchor:
        raise pf.NotModelledError("-n for the main rules, where it is no dry run: `load anchor` is carried out")
    try:
        return pf.parse(_read(file))
    except pf.SyntaxProblemError as error:
        name = "stdin" if file == "-" else file
        raise ToolError(
            f"{name}:{error.line}: {error.text}\npfctl: Syntax error in config file: pf rules not loaded"
        ) from None


def _load(session: Session, anchor: str, file: str) -> int:
    sys.stderr.write(_FLUSH)
    sys.stderr.flush()
    if not anchor:
        main, anchors = read_main(file)
        with session.state.edit() as data:
            data["pf"].update(main=main, anchors=anchors)
        return 0
    found = _parse(file, anchor)
    with session.state.edit() as data:
        store(data["pf"]["anchors"], anchor, found)
    return 0


def store(anchors: dict[str, Any], name: str, found: pf.Ruleset) -> None:
    """Put rules into an anchor in the place of those it has; an anchor without rules and tables is none."""
    tables = {**anchors.get(name, {}).get("tables", {}), **{key: list(value) for key, value in found.tables.items()}}
    anchors[name] = {"rules": [str(rule) for rule in found.rules], "tables": tables}
    if not found.rules and not tables:
        del anchors[name]


def read_main(file: str) -> tuple[list[str], dict[str, Any]]:
    """Return (main rules as printed, anchors) of a pf.conf; an anchor whose file is missing is left out in silence."""
    main: list[str] = []
    anchors: dict[str, Any] = {}
    for number, line in enumerate(_read(file).splitlines(), start=1):
        statement = re.sub(r"#.*", "", line).strip()
        if call := re.fullmatch(r'(scrub-anchor|nat-anchor|rdr-anchor|dummynet-anchor|anchor) "([^"]+)"', statement):
            # -s rules shows these two kinds alone.
            end = " fragment reassemble" if call[1] == "scrub-anchor" else ""
            if call[1] in ("scrub-anchor", "anchor"):
                main.append(f'{call[1]} "{call[2]}" all{end}')
        elif load := re.fullmatch(r'load anchor "([^"]+)" from "([^"]+)"', statement):
            try:
                store(anchors, load[1], pf.parse(_read(load[2])))
            except (ToolError, pf.SyntaxProblemError):
                continue
        elif statement:
            raise pf.NotModelledError(f"line {number} of {file}: {statement}")
    return main, anchors


def _flush(session: Session, anchor: str, *, everything: bool) -> int:
    with session.state.edit() as data:
        anchors = data["pf"]["anchors"]
        found = anchors.get(anchor, {"rules": [], "tables": {}})
        tables = {} if everything else found["tables"]
        anchors.pop(anchor, None)
        if tables:
            anchors[anchor] = {"rules": [], "tables": tables}
    sys.stderr.write("rules cleared\n")
    return 0


def _enable(session: Session) -> int:
    with session.state.edit() as data:
        state: dict[str, Any] = data["pf"]
        state["enabled"] = True
        token = str(1 + max([10**10, *map(int, state["tokens"])]))
        state["tokens"].append(token)
    sys.stderr.write(f"pf enabled\nToken : {token}\n")
    return 0


def _release(session: Session, token: str) -> int:
    with session.state.edit() as data:
        state = data["pf"]
        if not state["enabled"]:
            raise ToolError("pfctl: pf not enabled")
        if token not in state["tokens"]:
            raise ToolError("pfctl: pf: token invalid")
        state["tokens"].remove(token)
        left = len(state["tokens"])
        state["enabled"] = bool(left)
    text = f"disable request successful. {left} more pf enable reference(s) remaining, pf still enabled."
    sys.stderr.write(f"{text if left else 'pf disabled'}\n")
    return 0


def _switch(session: Session, *, on: bool) -> int:
    """Turn pf on or off for everyone (-e, -d), without a token."""
    with session.state.edit() as data:
        if data["pf"]["enabled"] == on:
            raise ToolError(f"pfctl: pf {'already' if on else 'not'} enabled")
        data["pf"]["enabled"] = on
        if not on:
            data["pf"]["tokens"] = []
    sys.stderr.write(f"pf {'enabled' if on else 'disabled'}\n")
    return 0


TOOLS = {"pfctl": pfctl}
