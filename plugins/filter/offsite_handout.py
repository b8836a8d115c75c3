"""Jinja filter that makes a user's page (offsite_handout)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from plugins.module_utils.offsite_controls import plain
from plugins.module_utils.offsite_handout import HandoutError, page


def handout_page(facts: Mapping[str, Any], words: Mapping[str, Mapping[str, str]], template: str) -> str:
    """Return the page. Raises AnsibleFilterError for words that want a value which is not there."""
    try:
        return page(plain(facts), plain(words), str(template))
    except HandoutError as error:
        raise AnsibleFilterError(f"handout: {error}. Correct the role's vars/ja.yml or vars/en.yml.") from error


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {"handout_page": handout_page}
