"""How .NET and PowerShell 5.1 name, show and convert the values that come to a module as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_TRUE = ("y", "yes", "on", "1", "true", "t", "1.0")
_FALSE = ("n", "no", "off", "0", "false", "f", "0.0")
_INT32 = range(-(2**31), 2**31)


@dataclass
class Conversions:
    """What type conversion needs to know of the endpoint: environment variables and account names."""

    expand: Callable[[str], str] = lambda text: text
    sid_of: Callable[[str], str | None] = lambda _name: None


def dotnet_type(value: Any) -> str:
    """Return the .NET type name that a JSON value has inside a module."""
    if isinstance(value, bool):
        return "System.Boolean"
    if isinstance(value, int):
        return "System.Int32" if value in _INT32 else "System.Int64"
    if isinstance(value, float):
        return "System.Decimal"
    if isinstance(value, list):
        return "System.Object[]"
    return "System.Collections.Hashtable" if isinstance(value, dict) else "System.String"


def dotnet_text(value: Any) -> str:
    """Return what .NET's ToString() gives for a JSON value."""
    if isinstance(value, bool | int | float | str):
        return str(value)
    return dotnet_type(value)


def convert(value: Any, wanted: str, conversions: Conversions) -> Any:
    """Convert a JSON value to an option type of Ansible.Basic; ValueError carries .NET's message."""
    if wanted == "bool":
        return _to_bool(value)
    if wanted == "int":
        return _to_int(value)
    if wanted == "float":
        return _to_float(value)
    if wanted == "list":
        return _to_list(value)
    if wanted == "dict":
        return _to_dict(value)
    if wanted == "path":
        return _to_path(dotnet_text(value), conversions)
    if wanted == "sid":
        return _to_sid(dotnet_text(value), conversions)
    if wanted == "json":
        return _to_json(value)
    return value if wanted == "raw" else dotnet_text(value)


def _to_bool(value: Any) -> bool:
    text = dotnet_text(value).lower().strip()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    msg = f"The value '{text}' is not a valid boolean. Valid booleans include: {', '.join(_TRUE + _FALSE)}"
    raise ValueError(msg)


def _to_int(value: Any) -> int:
    text = dotnet_text(value).strip()
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        msg = "Input string was not in a correct format."
        raise ValueError(msg)
    number = int(text)
    if number not in _INT32:
        msg = "Value was either too large or too small for an Int32."
        raise ValueError(msg)
    return number


def _to_float(value: Any) -> float:
    text = dotnet_text(value).strip().replace(",", "")
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        msg = "Input string was not in a correct format."
        raise ValueError(msg)
    return float(text)


def _to_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    msg = f"{dotnet_type(value)} cannot be converted to a list"
    raise ValueError(msg)


def _to_dict(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        msg = f"{dotnet_type(value)} cannot be converted to a dict"
        raise ValueError(msg)
    if value.startswith("{") and value.endswith("}"):
        try:
            parsed = json.loads(value)
        except ValueError:
            msg = f"Invalid JSON primitive: {value}."
            raise ValueError(msg) from None
        return dict(parsed)
    if "=" not in value:
        msg = "string cannot be converted to a dict, must either be a JSON string or in the key=value form"
        raise ValueError(msg)
    pairs = [part.split("=", 1) for part in dict.fromkeys(_split_fields(value))]
    return {pair[0]: pair[1] if len(pair) > 1 else None for pair in pairs}


def _split_fields(text: str) -> list[str]:
    """Split "a=1, b='x y'" at commas and blanks outside quotes; a backslash takes the next character as it is."""
    fields, current, quote, escaped = [], "", "", False
    for char in text:
        if escaped:
            current, escaped = current + char, False
        elif char == "\\":
            escaped = True
        elif not quote and char in "'\"":
            quote = char
        elif quote and char == quote:
            quote = ""
        elif not quote and char in ", ":
            fields.append(current)
            current = ""
        else:
            current += char
    return [part for part in [*fields, current] if part]


def _to_path(text: str, conversions: Conversions) -> str:
    if text.startswith("\\\\?\\"):
        return text
    text = conversions.expand(text)
    if re.search(r'[<>|"\x00-\x1f]', text):
        msg = "string value contains invalid path characters, cannot convert to path"
        raise ValueError(msg)
    if not text.strip():
        msg = "The path is not of a legal form."
        raise ValueError(msg)
    if ":" in text[2:] or (":" in text[:2] and not re.match(r"[A-Za-z]:", text)):
        msg = "The given path's format is not supported."
        raise ValueError(msg)
    return text


def _to_sid(text: str, conversions: Conversions) -> str:
    if re.fullmatch(r"S-1-\d+(-\d+)+", text, re.IGNORECASE):
        return text.upper()
    sid = conversions.sid_of(text)
    if sid is None:
        msg = "Some or all identity references could not be translated."
        raise ValueError(msg)
    return sid


def _to_json(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    msg = f"{dotnet_type(value)} cannot be converted to json"
    raise ValueError(msg)
