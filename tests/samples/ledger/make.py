"""Makes libreoffice.xlsx of this folder, where LibreOffice is installed: python -m tests.samples.ledger.make

The same table stands in excel/, in the words of Excel.
"""

from __future__ import annotations

import datetime
import subprocess
import tempfile
from pathlib import Path

from openpyxl import Workbook
from openpyxl.comments import Comment

FOLDER = Path(__file__).parent
ROWS = [
    ["持ち出し PC 台帳"],
    [],
    ["ホスト名", "IPアドレス", "OS", "用途", "VPN", "状態", "管理担当", "利用者", "所内のPC", "NAS", "購入日"],
    ["ＮＢ－０１０１", None, "Ｗｉｎｄｏｗｓ　１１", "ノートPC", None, "使用中", "鈴木　一郎", "山田 花子", "pc-0201",
     "no-tera 192.0.2.4 data"],
    ["nb-0102", None, "Windows 10", "ﾉｰﾄPC", "ストア版", "貸出中", None, '="佐藤"&" 次郎"', "pc-0203 192.0.2.23"],
    [],
    [103.0, None, "macOS 15", "ノートPC", None, "使用中", None, "高橋", None, "no-tera 192.0.2.4\nno-giga 192.0.2.5"],
    ["pc-0201", "192.0.2.21", "Windows 11", "事務PC", None, "使用中", '=IF(1=1,"","")'],
    ["nb-0099", None, None, None, None, "廃棄"],
    ["※ 2026 年 4 月に確認"],
]  # fmt: skip


def main() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "PC 台帳"
    for row in ROWS:
        sheet.append(row)
    sheet["K4"] = datetime.date(2026, 4, 1)
    sheet["A4"].comment = Comment("a comment is no text of the cell", "Suzuki")
    sheet.merge_cells("A1:K1")
    sheet.merge_cells("G4:G7")
    sheet.row_dimensions[5].hidden = True
    book.create_sheet("選択肢").sheet_state = "hidden"
    with tempfile.TemporaryDirectory() as folder:
        book.save(Path(folder) / "libreoffice.xlsx")
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "xlsx"]
        subprocess.run([*command, "--outdir", FOLDER, Path(folder) / "libreoffice.xlsx"], check=True)


if __name__ == "__main__":
    main()
