"""What a ledger's configuration says: the file, which column is which, and the department's words for our values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .table import PAGE, LedgerError, alike, shown
from .text_file import ENCODINGS

PLUGIN = "offsite.endpoints.ledger"
KEYS = ("plugin", "path", "sheet", "encoding", "columns", "words")
# What a column may be for; the first three have to be there.
NEEDED = ("host", "system", "role")
COLUMNS = (
    *NEEDED,
    *("address", "client", "owner", "life"),
    *("person", "user_name", "language", "office_pc", "nas", "remote_users"),
)
# The values of columns that have words. Each value is a word for itself.
VALUES = {
    "system": ("windows", "macos"),
    "role": ("laptop", "office_pc"),
    "client": ("download", "store"),
    "life": ("in_use", "out_of_use"),
    "language": ("ja", "en", "both"),
}


@dataclass(frozen=True)
class Settings:
    """The configuration, checked. `headers` and `words` are in the spelling that `alike` makes of them."""

    path: str
    sheet: str
    encoding: str
    columns: dict[str, list[str]]
    headers: dict[str, str]
    words: dict[str, dict[str, str]]
    # The words of the configuration as it has them, by column and value.
    given: dict[str, dict[str, list[str]]]

    def meant(self, column: str, text: str) -> str | None:
        """Return the value that a text stands for; of words that end in * the longest beginning counts."""
        words, text = self.words[column], alike(text)
        if text in words:
            return words[text]
        begins = [word for word in words if word.endswith("*") and text.startswith(word[:-1])]
        return words[max(begins, key=len)] if begins else None


def settings_of(config: Any, file: str) -> Settings:
    """Return the settings of a configuration. Raises LedgerError with everything that is wrong."""
    if not isinstance(config, Mapping):
        raise LedgerError(f"{file}: it is no mapping; begin it with `plugin: {PLUGIN}`; {PAGE}")
    wrong = [*_misspelt(config, KEYS, "")]
    texts = {"path": "", "sheet": "", "encoding": "auto"}
    texts |= {key: config[key] for key in texts if config.get(key) is not None}
    wrong += [f"{key} is {shown(str(text))}; write a text" for key, text in texts.items() if not isinstance(text, str)]
    if not texts["path"]:
        wrong.append("path is missing; name the CSV or XLSX file, from the folder of this configuration")
    if isinstance(texts["encoding"], str) and texts["encoding"] not in ENCODINGS:
        wrong.append(f"encoding is {shown(texts['encoding'])}; allowed are {', '.join(ENCODINGS)}")
    columns = _lists(config.get("columns"), COLUMNS, "columns", wrong)
    wrong += [f"columns.{name} is missing; name the header of that column" for name in NEEDED if name not in columns]
    headers = _one_of_each(columns, "columns", wrong)
    given = _words(config.get("words"), wrong)
    words = {}
    for column, lists in given.items():
        themselves = {value: [value, *lists.get(value, [])] for value in VALUES[column]}
        words[column] = _one_of_each(themselves, f"words.{column}", wrong)
    if wrong:
        raise LedgerError(*(f"{file}: {words}; {PAGE}" for words in wrong))
    return Settings(texts["path"], texts["sheet"], texts["encoding"], columns, headers, words, given)


def _words(given: Any, wrong: list[str]) -> dict[str, dict[str, list[str]]]:
    if given is not None and not isinstance(given, Mapping):
        wrong.append(f"words is no mapping; allowed are the columns {', '.join(VALUES)}")
    own = given if isinstance(given, Mapping) else {}
    wrong += _misspelt(own, [*VALUES], "words.")
    return {column: _lists(own.get(column), values, f"words.{column}", wrong) for column, values in VALUES.items()}


def _lists(given: Any, allowed: tuple[str, ...], where: str, wrong: list[str]) -> dict[str, list[str]]:
    """Return lists of texts by their names; a text alone is a list of one."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        wrong.append(f"{where} is no mapping; allowed are the names {', '.join(allowed)}, each with a list of texts")
        return {}
    wrong += _misspelt(given, allowed, f"{where}.")
    found = {}
    for name, one_or_more in given.items():
        texts = [one_or_more] if isinstance(one_or_more, str) else one_or_more
        if not isinstance(texts, list) or not texts or not all(isinstance(one, str) and alike(one) for one in texts):
            wrong.append(f"{where}.{name} is {shown(str(texts))}; write a text or a list of texts (numbers in quotes)")
        elif name in allowed:
            found[str(name)] = [str(text) for text in texts]
    return found


def _one_of_each(lists: Mapping[str, list[str]], where: str, wrong: list[str]) -> dict[str, str]:
    """Return the name by each text; a text that stands for two of them is a mistake."""
    found: dict[str, str] = {}
    for name, texts in lists.items():
        for text in texts:
            if found.setdefault(alike(text), name) != name:
                wrong.append(f"{where}: {shown(text)} stands for {found[alike(text)]} and for {name}; keep one")
    return found


def _misspelt(given: Mapping[str, Any], allowed: Sequence[str], where: str) -> list[str]:
    found = []
    for name in given:
        if name not in allowed:
            near = difflib.get_close_matches(str(name), allowed, n=1)
            meant = f"did you mean {near[0]}?" if near else f"allowed are {', '.join(allowed)}"
            found.append(f"there is no {where}{name}; {meant}")
    return found
