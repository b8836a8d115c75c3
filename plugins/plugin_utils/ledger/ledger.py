"""The spreadsheet of a department as an inventory: a configuration is read, and the file that it names.

All of a ledger is taken, or nothing: a row that is wrong may be any machine's, and one that is left out is audited by
nobody.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .machines import Machine, headers_in, machines_of
from .settings import PLUGIN, Settings, settings_of
from .table import PAGE, LedgerError, Table
from .text_file import read_text
from .workbook import read_workbook

# At most so many are said at once: the rest is often of the same kind.
MOST = 20
LARGEST_MIB = 32
_WORKBOOK = b"PK\x03\x04"
# The container of old workbooks (.xls), and of new ones with a password.
_OLD = b"\xd0\xcf\x11\xe0"


def read_ledger(configuration: Path) -> list[Machine]:
    """Return the machines of the ledger that a configuration names. Raises LedgerError."""
    settings = settings_of(_config(configuration), configuration.name)
    file = configuration.parent / settings.path
    try:
        return machines_of(_table(file, settings), settings)
    except LedgerError as error:
        more = len(error.mistakes) - MOST
        raise LedgerError(*error.mistakes[:MOST], *([f"and {more} more"] if more > 0 else [])) from error


def mistakes_in(configuration: Path) -> list[str]:
    """Return why a ledger could not be read; nothing for what is no configuration of one."""
    try:
        config = _config(configuration)
    except LedgerError:
        # Whatever it was to be, Ansible names the line.
        return []
    try:
        if isinstance(config, dict) and config.get("plugin") == PLUGIN:
            read_ledger(configuration)
    except LedgerError as error:
        return error.mistakes
    return []


def _config(configuration: Path) -> Any:
    try:
        return yaml.safe_load(configuration.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        words = " ".join(str(error).split())
        raise LedgerError(f"{configuration.name}: it cannot be read as YAML ({words}); {PAGE}") from error


def _table(file: Path, settings: Settings) -> Table:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise LedgerError(f"{file}: it cannot be read ({error.strerror or error}); correct `path`; {PAGE}") from error
    if len(raw) > LARGEST_MIB * 2**20:
        raise LedgerError(f"{file}: it has more than {LARGEST_MIB} MiB, which no ledger has; correct `path`; {PAGE}")
    if raw.startswith(_OLD):
        raise LedgerError(
            f"{file.name}: it is an old workbook (.xls), or has a password; save it from Excel as 'Excel Workbook "
            f"(.xlsx)' without a password, or as 'CSV UTF-8'; {PAGE}"
        )
    if raw.startswith(_WORKBOOK):
        return read_workbook(raw, file.name, settings.sheet)
    return read_text(raw, file.name, settings.encoding, lambda table: headers_in(table, settings))
