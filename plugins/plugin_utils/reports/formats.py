"""The formats into which the records of a run can be written, by name; docs/reports.md says what each is for.

Each function takes stamped records in any order and returns the whole file. It raises RecordError for what is no
record, and for nothing else. Equal records give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .csv import to_csv
from .junit import to_junit
from .openmetrics import to_openmetrics
from .sarif import to_sarif

# Name -> the end of the file's name, and what makes the file. node_exporter reads *.prom only.
EXPORTS: dict[str, tuple[str, Callable[[Iterable[Mapping[str, Any]]], bytes]]] = {
    "csv": (".csv", to_csv),
    "junit": (".junit.xml", to_junit),
    "openmetrics": (".prom", to_openmetrics),
    "sarif": (".sarif", to_sarif),
}
