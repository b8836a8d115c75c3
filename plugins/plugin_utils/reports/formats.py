"""The formats into which the records of a run can be written, by name; docs/reports.md says what each is for.

A writer takes stamped records, endpoint by endpoint. Equal records give equal bytes.
"""

from __future__ import annotations

from .csv import Csv
from .junit import Junit
from .openmetrics import Openmetrics
from .sarif import Sarif
from .writer import Writer

# Name -> the end of the file's name, and what writes the file. node_exporter reads *.prom only.
EXPORTS: dict[str, tuple[str, type[Writer]]] = {
    "csv": (".csv", Csv),
    "junit": (".junit.xml", Junit),
    "openmetrics": (".prom", Openmetrics),
    "sarif": (".sarif", Sarif),
}
