"""The report page as text, for tests of what is in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from plugins.plugin_utils.reports.files import write_all


def render(
    records: Iterable[Mapping[str, Any]], *, language: str = "en", waivers: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Return the page for these records."""
    with tempfile.TemporaryDirectory() as folder:
        how = {"formats": ["html"], "language": language, "metrics_file": None}
        made = write_all(Path(folder, "r"), [*records], how, [*waivers])
        return Path(made["html"]).read_bytes().decode()
