"""Texts that Windows keeps in resource DLLs and shows in the language of its user interface."""

from __future__ import annotations

from functools import cache

from lab.windows.machine.built_in_rules import resource_texts
from lab.windows.machine.built_in_services import service_texts


@cache
def _texts() -> dict[str, tuple[str, str]]:
    """Return (English, Japanese) by indirect string in lower case."""
    return {key.lower(): (text[0], text[1]) for key, text in (resource_texts() | service_texts()).items()}


def resolve(indirect: str, language: str) -> str:
    """Return the text of an indirect string in a language (en-US, ja-JP); anything else stays as it is."""
    found = _texts().get(indirect.lower())
    if found is None:
        return indirect
    return found[1] if language == "ja-JP" else found[0]
