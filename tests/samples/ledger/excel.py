"""The ledger of make.py in the parts and the words that a Japanese Excel writes: the folder excel/, packed.

Written by hand after ECMA-376 and what is known of Excel: none was at hand. What LibreOffice does not write: the
reading of a Japanese text beside it (rPh), `spans`, ignorable namespaces, `_x000D_` for a carriage return.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

PARTS = Path(__file__).parent / "excel"
SHEET = "xl/worksheets/sheet1.xml"


def workbook(*changes: tuple[str, str]) -> bytes:
    """Return the workbook; each change is a piece of the sheet's XML, and what stands there instead."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(PARTS.rglob("*.*")):
            text, name = file.read_text(encoding="utf-8"), file.relative_to(PARTS).as_posix()
            for old, new in changes if name == SHEET else ():
                assert text.count(old) == 1, old
                text = text.replace(old, new)
            packed.writestr(name, text)
    return made.getvalue()
