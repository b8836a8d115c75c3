"""The request that a user's own check answers: what to read on which endpoint, signed by the controller.

A package (check_package) carries it, and the state file brings it back as it was. Whoever has the key can make one,
nobody else; so a file answers a request of this controller, for this endpoint, that was made not too long ago. It says
nothing about the rest of the file: a user can write what he likes about his own laptop, and about no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TIME = "%Y-%m-%dT%H:%M:%SZ"
_KEY_BYTES = 32
# So that no signature for something else, by the same key, is one of a request.
_FOR = b"offsite.endpoints self check 1\n"
_FIELDS = {"endpoint": str, "platform": str, "made_at": str, "good_until": str, "nonce": str, "reads": dict}


class CheckError(ValueError):
    """A key or a request cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Request:
    """What a check was made for; `reads` is what the reader is asked, with every default in it."""

    endpoint: str
    platform: str
    made_at: datetime
    good_until: datetime
    reads: Mapping[str, Any]


def sign(endpoint: str, platform: str, reads: Mapping[str, Any], *, key: bytes, now: datetime, days: int) -> str:
    """Return a request as text, with its signature."""
    until = now + timedelta(days=days)
    content = {"endpoint": endpoint, "platform": platform, "nonce": secrets.token_hex(16), "reads": dict(reads)}
    content |= {"made_at": now.strftime(TIME), "good_until": until.strftime(TIME)}
    body = base64.b64encode(json.dumps(content, ensure_ascii=True, sort_keys=True).encode()).decode()
    return f"{body}.{_signature(body, key)}"


def opened(token: Any, key: bytes) -> Request:
    """Return a request that was signed with this key. Raises CheckError."""
    body, _between, signature = token.rpartition(".") if isinstance(token, str) else ("", "", "")
    if not hmac.compare_digest(_signature(body, key).encode(), signature.encode("utf-8", "surrogatepass")):
        raise CheckError(
            "its request was not made by this controller, or was changed: have the user run a package that "
            "self_check.yml of this controller has made"
        )
    try:
        content = json.loads(base64.b64decode(body))
        if any(not isinstance(content[name], kind) for name, kind in _FIELDS.items()):
            raise ValueError("a part of it has another form")
        made_at, until = (moment(content[name]) for name in ("made_at", "good_until"))
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        # Signed with our key, and yet none of ours: the key is used for something else.
        raise CheckError(f"its request cannot be read ({error}): make a new package with self_check.yml") from error
    return Request(content["endpoint"], content["platform"], made_at, until, content["reads"])


def _signature(body: str, key: bytes) -> str:
    return hmac.new(key, _FOR + body.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def moment(text: Any) -> datetime:
    """Return a time such as 2026-11-23T14:30:00Z. Raises ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError(f"a time is a text such as 2026-11-23T14:30:00Z, and not {type(text).__name__}")
    return datetime.strptime(text, TIME).replace(tzinfo=UTC)


def make_key(path: str | Path) -> bytes:
    """Return the controller's key; makes one where there is none. Raises CheckError."""
    file = Path(path)
    if file.exists():
        return read_key(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # For its owner alone from the first moment, and of two at once one makes it.
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CheckError(f"the key of the checks cannot be made: {file} ({error.strerror or error})") from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{secrets.token_hex(_KEY_BYTES)}\n")
    return read_key(file)


def read_key(path: str | Path) -> bytes:
    """Return the controller's key. Raises CheckError."""
    file = Path(path)
    try:
        text, mode = file.read_text(encoding="ascii"), file.stat().st_mode
    except FileNotFoundError as error:
        raise CheckError(
            f"the key of the checks, {file}, is not there. Only the controller whose self_check.yml made the packages "
            "can judge their answers: run it there, or put its key here"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CheckError(f"the key of the checks, {file}, cannot be read ({error})") from error
    if mode & 0o007:
        raise CheckError(
            f"the key of the checks, {file}, is open to everybody on this controller, who could sign requests with it: "
            f"chmod 600 {file}"
        )
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise CheckError(
            f"the key of the checks, {file}, is damaged. Put a copy back, or move it away: self_check.yml makes a new "
            "one, and all packages have to be made anew"
        )
    return key
