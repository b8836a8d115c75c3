"""Jinja filter that makes a user's page (handover.user_page)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.controls.controls import plain
from ..plugin_utils.handover.user_page import UserPageError, page


def user_page(facts: Mapping[str, Any], words: Mapping[str, Mapping[str, str]], template: str) -> str:
    """Return the page. Raises AnsibleFilterError for words that want a value which is not there."""
    try:
        return page(plain(facts), plain(words), str(template))
    except UserPageError as error:
        raise AnsibleFilterError(f"user_page: {error}. Correct the role's vars/ja.yml or vars/en.yml.") from error


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {"user_page": user_page}
