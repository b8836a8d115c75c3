"""From the rows of a table to machines of the inventory: their groups, and their variables as the roles read them."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .settings import NEEDED, VALUES, Settings
from .table import PAGE, Cell, LedgerError, Table, alike, plain, shown

GROUPS = {"windows": "windows", "macos": "macs", "laptop": "laptops", "office_pc": "office_pcs"}
OUT_OF_USE = "out_of_use"
# Columns whose texts are taken as they stand: the names of people.
NAMES = {"owner": "endpoint_owner", "person": "user_page_person"}
VARIABLES = {
    **NAMES,
    "address": "ansible_host",
    "client": "forticlient_install_client",
    "user_name": "user_page_user_name",
    "language": "user_page_language",
    "office_pc": "user_page_office_pc",
    "nas": "user_page_nas",
    "remote_users": "rdp_enable_users",
}
# A note below the table, or in it, begins with one of these.
NOTES = ("※", "*", "#")
_NOTE = "a note begins with ※ or # and stands alone in its row"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_TAKEN = {*GROUPS.values(), OUT_OF_USE, "all", "ungrouped", "localhost"}
_SEVERAL = re.compile(r"[,;、\n]")
# A name, its address, and for a file server a share: `no-tera 192.0.2.4 data`, `no-tera (192.0.2.4)`.
_DEVICE = re.compile(r"([^\s()]+)(?:\s*\(\s*([^\s()]+)\s*\)|\s+([^\s()]+))?(?:\s+(\S.*))?")
_EXAMPLES = {"office_pc": "'pc-0201 192.0.2.21'", "nas": "'no-tera 192.0.2.4 data'"}
# Titles above the table; further down nothing is a header.
DEEPEST_HEADER = 50


@dataclass
class Machine:
    """A row that is a machine."""

    name: str
    row: int
    groups: list[str]
    variables: dict[str, Any] = field(default_factory=dict)


def headers_in(table: Table, settings: Settings) -> int:
    """Return how many columns of the configuration the best row of a table has."""
    return max((len(_headers(cells, settings)) for cells in table.rows.values()), default=0)


def machines_of(table: Table, settings: Settings) -> list[Machine]:
    """Return the machines of a table. Raises LedgerError with every mistake in it."""
    last, columns = _columns(table, settings)
    rows = _Rows(table, settings, columns)
    machines = [one for row in table.rows if row > last and (one := rows.machine(row))]
    used = [one for one in machines if OUT_OF_USE not in one.groups]
    rows.compare([(one, one.name, "host") for one in used])
    rows.compare([(one, one.variables["ansible_host"], "address") for one in used if "ansible_host" in one.variables])
    rows.look_up_office_pcs(used)
    if rows.mistakes:
        raise LedgerError(*(words for _row, words in sorted(rows.mistakes, key=lambda one: one[0])))
    if not machines:
        raise LedgerError(f"{table.place(last)}: no machine stands below the headers; {PAGE}")
    # What took the place of a machine that is gone may have its name.
    names = {one.name.casefold() for one in used}
    return [one for one in machines if OUT_OF_USE not in one.groups or one.name.casefold() not in names]


def _headers(cells: Mapping[int, Cell], settings: Settings) -> dict[int, str]:
    """Return which column each header is for."""
    found = {column: settings.headers.get(alike(one.text)) for column, one in cells.items()}
    return {column: name for column, name in found.items() if name}


def _columns(table: Table, settings: Settings) -> tuple[int, dict[str, int]]:
    """Return the last row of the headers, and where each column is. Raises LedgerError."""
    host = settings.columns["host"]
    found = {row: _headers(cells, settings) for row, cells in table.rows.items() if row <= DEEPEST_HEADER}
    rows = [row for row, headers in found.items() if "host" in headers.values()]
    if not rows:
        raise LedgerError(
            f"{table.place(1)} to {DEEPEST_HEADER}: no header of columns.host ({_quoted(host)}) stands there; correct "
            f"columns.host, or the header, or the encoding if the file is text; {PAGE}"
        )
    # A header of two rows says the same in both where its cells are merged.
    last = next(row for row in range(rows[0], rows[-1] + 1) if row + 1 not in rows)
    headers = {**found[rows[0]], **found[last]}
    mistakes = []
    columns: dict[str, int] = {}
    for column, name in sorted(headers.items()):
        if name in columns:
            first = table.place(last, columns[name])
            mistakes.append(f"{table.place(last, column)}: a second header of columns.{name}, after {first}; keep one")
        columns.setdefault(name, column)
    mistakes += [
        f"{table.place(last)}: no header of columns.{name} ({_quoted(texts)}) stands there; correct columns.{name}, or "
        "the header"
        for name, texts in settings.columns.items()
        if name not in columns
    ]
    if mistakes:
        raise LedgerError(*(f"{words}; {PAGE}" for words in mistakes))
    return last, columns


class _Rows:
    """The rows of a table, one after the other, and what is wrong with them."""

    def __init__(self, table: Table, settings: Settings, columns: Mapping[str, int]) -> None:
        self.table = table
        self.settings = settings
        self.columns = columns
        self.mistakes: list[tuple[int, str]] = []

    def machine(self, row: int) -> Machine | None:
        """Return the machine of a row; None for a row that is none, or is wrong."""
        known = self.table.rows[row]
        cells = {name: known[column] for name, column in self.columns.items() if column in known}
        own = [one for one in cells.values() if not one.merged]
        if not own or (len(own) == 1 and own[0].text.startswith(NOTES)):
            return None
        host = cells.get("host")
        if host and self.settings.headers.get(alike(host.text)) == "host":
            # The headers again, for whoever prints it.
            return None
        before = len(self.mistakes)
        if "life" in cells and self.settings.meant("life", cells["life"].text) == OUT_OF_USE:
            # Nothing else is asked of it: of a machine that is gone, formulas often find nobody any more.
            cells = {name: one for name, one in cells.items() if name in ("host", "life")}
        for name, one in cells.items():
            if one.wrong:
                self.refuse(row, name, f"{shown(one.text)} {one.wrong}" if one.text else one.wrong)
        if len(self.mistakes) == before:
            made = self._machine(row, {name: one.text for name, one in cells.items()})
        return made if len(self.mistakes) == before else None

    def refuse(self, row: int, name: str, words: str) -> None:
        """Note a mistake in a cell."""
        self.mistakes.append((row, f"{self.table.place(row, self.columns[name])}: {name} {words}; {PAGE}"))

    def _machine(self, row: int, texts: dict[str, str]) -> Machine:
        made = Machine(self._host(row, plain(texts.get("host", ""))), row, self._values(row, "life", texts))
        if made.groups == [OUT_OF_USE]:
            return made
        kinds = self._values(row, "system", texts) + self._values(row, "role", texts)
        made.groups = [GROUPS[kind] for kind in kinds]
        for name, variable in VARIABLES.items():
            if name in texts:
                made.variables[variable] = self._variable(row, name, texts)
        if "macs" in made.groups and made.variables.get(VARIABLES["client"]) == "store":
            self.refuse(row, "client", f"is {shown(texts['client'])}, which is for Windows; leave it empty for a Mac")
        return made

    def _variable(self, row: int, name: str, texts: dict[str, str]) -> Any:
        text = texts[name]
        if name in NAMES:
            return _one_line(text)
        if name in VALUES:
            return (self._values(row, name, texts) or [""])[0]
        if name == "address":
            return self._address(row, name, plain(text))
        several = [plain(one) for one in _SEVERAL.split(_narrow(text)) if plain(one)]
        if name == "remote_users":
            return several
        if name == "user_name":
            return plain(text)
        devices = [self._device(row, name, one) for one in several]
        if name == "nas":
            return devices
        if len(devices) != 1:
            self.refuse(row, name, f"is {shown(text)}; write one PC")
        return devices[0] if devices else {}

    def _host(self, row: int, text: str) -> str:
        if not text:
            self.refuse(row, "host", f"is empty, and the row has other cells; write the name; {_NOTE}")
        elif not _HOST.fullmatch(text) or text.lower() in _TAKEN:
            allowed = "letters, digits, hyphens and dots, and no name of a group"
            self.refuse(row, "host", f"is {shown(text)}; allowed are {allowed}; {_NOTE}")
        return text

    def _values(self, row: int, name: str, texts: Mapping[str, str]) -> list[str]:
        """Return what the words of a cell mean: one value, of a role several."""
        text = texts.get(name, "")
        whole = self.settings.meant(name, text) if text else None
        parts: list[str | None] = [whole] if whole else []
        if name == "role" and text and not whole:
            parts = [self.settings.meant(name, one) for one in re.split(r"[,;、/\u30fb\n]", _narrow(text))]
        found = [one for one in parts if one]
        if (text or name in NEEDED) and (not found or len(found) < len(parts)):
            said = f"is {shown(text)}" if text else "is empty"
            self.refuse(row, name, f"{said}; allowed are {self._allowed(name)}, and more by words.{name}")
        return list(dict.fromkeys(found))

    def _allowed(self, name: str) -> str:
        words = {value: self.settings.given[name].get(value, []) for value in VALUES[name]}
        return " and ".join(f"{value} ({', '.join(given)})" if given else value for value, given in words.items())

    def _address(self, row: int, name: str, text: str) -> str:
        if not is_address(text) and (not _HOST.fullmatch(text) or text.replace(".", "").isdigit()):
            self.refuse(row, name, f"is {shown(text)}; allowed is an IP address or a host name")
        return text

    def _device(self, row: int, name: str, text: str) -> dict[str, str]:
        """Return a device by its name, its address and its share; an office PC may stand in a row of its own."""
        match = _DEVICE.fullmatch(text)
        address = (match[2] or match[3] or "") if match else ""
        share = (match[4] or "") if match else ""
        by_name_alone = name == "office_pc" and match and not address
        if not match or (share and name == "office_pc") or not (by_name_alone or is_address(address)):
            form = "NAME or NAME ADDRESS" if name == "office_pc" else "NAME ADDRESS or NAME ADDRESS SHARE"
            self.refuse(row, name, f"is {shown(text)}; write {form}, with an IP address, such as {_EXAMPLES[name]}")
            return {}
        return {"name": match[1], "address": address} | ({"share": share} if share else {})

    def compare(self, found: Iterable[tuple[Machine, str, str]]) -> None:
        """Refuse a second row with the same host or the same address: it would be measured twice."""
        first: dict[str, Machine] = {}
        for one, text, name in found:
            before = first.setdefault(text.casefold(), one)
            if before is not one:
                where = self.table.place(before.row, self.columns[name])
                self.refuse(one.row, name, f"{shown(text)} stands in {where} already; keep one of the rows")

    def look_up_office_pcs(self, machines: list[Machine]) -> None:
        """Fill in the addresses of office PCs that have a row of their own."""
        addresses = {one.name.casefold(): one.variables.get("ansible_host", "") for one in machines}
        for name, address in list(addresses.items()):
            addresses.setdefault(name.partition(".")[0], address)
        for one in machines:
            pc = one.variables.get("user_page_office_pc")
            if not pc or pc["address"]:
                continue
            pc["address"] = addresses.get(pc["name"].casefold(), "")
            if not is_address(pc["address"]):
                words = "and no row in use of that name has an IP address; write it behind the name, such as"
                self.refuse(one.row, "office_pc", f"is {shown(pc['name'])}, {words} {_EXAMPLES['office_pc']}")


def is_address(text: str) -> bool:
    """Say whether a text is one IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _one_line(text: str) -> str:
    """Return a text with one blank for the blanks around an end of line or a tab; all others stay."""
    return re.sub(r"\s+", lambda found: found[0] if {"\n", "\t"}.isdisjoint(found[0]) else " ", text)


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(map(shown, texts))
