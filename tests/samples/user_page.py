"""What the tests of the page for a laptop's user share: one user's facts, the words, the template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles/user_page"
TEMPLATE = (ROLE / "templates/user_page.html.j2").read_text(encoding="utf-8")
WORDS = {
    code: yaml.safe_load((ROLE / f"vars/{code}.yml").read_text(encoding="utf-8"))[f"__user_page_words_{code}"]
    for code in ("ja", "en")
}
FROM = "https://www.tohoku.ac.jp/japanese/target/teacher2.html"
TO = "https://www.tohoku.ac.jp/japanese/target/teacher.html"
LIMITED = "http://web.imr.tohoku.ac.jp/~office/inside/shokuinroku/"
PAC = "http://proxy.imr.tohoku.ac.jp/proxy.pac"
FACTS: dict[str, Any] = {
    "endpoint": "nb-0101",
    "person": "山田 花子",
    "user_name": "yamada",
    "system": "windows",
    "client": "downloaded",
    "connections": [
        {
            "name": "IMR",
            "gateway": "fg.imr.tohoku.ac.jp",
            "port": 443,
            "prompt_user_name": True,
            "authentication": "password",
        }
    ],
    "pac_url": PAC,
    "office_pc": {"name": "pc-0201", "address": "172.20.91.21"},
    "nas": [{"name": "no-tera", "address": "172.20.90.4", "share": "data"}],
    "printers": [{"name": "3F", "address": "172.20.90.2"}],
    "tunnel_check_url": "http://172.20.90.4/",
    "proxy_check": {"from": FROM, "to": TO},
    "limited_pages": [LIMITED],
    "test_network": "imr-guest",
    "phone_dns": "172.16.20.2",
    "contact": {"name": "ネットワーク室", "phone": "022-215-0000", "mail": "network@example.org"},
}
CLIENTS = {
    "windows": {},
    "store": {"client": "store"},
    "macos": {"system": "macos"},
}
