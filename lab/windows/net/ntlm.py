"""NTLM logons for the WinRM listener, one per TCP connection, as HTTP.sys does it.

The protocol itself is pyspnego's acceptor, which reads accounts from the file that the environment variable
NTLM_USER_FILE names (lines `DOMAIN:USER:PASSWORD`). A listener on Windows offers `Negotiate`; NTLM messages come in it
with or without a SPNEGO wrapping, and both are taken. Channel bindings are checked when the client sends them and not
missed when it doesn't (CbtHardeningLevel `Relaxed`, Windows' default).

Not certain: the acceptor names the lab's own host, not the simulated machine, in its challenge.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

OFFER = "Negotiate"
_SIGNATURE = b"NTLMSSP\0"
_AUTHENTICATE = 3
_CHANNEL_BINDINGS = 10


@dataclass
class Answer:
    """What a logon step gives: the account when it is done, else the header to answer 401 with."""

    user: str | None
    challenge: str


class Logon:
    """The logon of one TCP connection."""

    def __init__(self, certificate: bytes) -> None:
        """`certificate` is the listener's, DER."""
        self.user: str | None = None
        self._certificate = certificate
        self._context: spnego.ContextProxy | None = None

    def step(self, header: str) -> Answer:
        """Take an Authorization header and return the account, or the next header to answer with."""
        scheme, _, encoded = header.partition(" ")
        refused = Answer(None, OFFER)
        if scheme.lower() not in ("negotiate", "ntlm"):
            return refused
        try:
            token = base64.b64decode(encoded, validate=True)
            if self._context is None:
                self._context = _acceptor(token)
            reply = self._context.step(token, channel_bindings=self._expected_bindings(token))
        except (SpnegoError, binascii.Error, ValueError, struct.error):
            self._context = None
            return refused
        if self._context.complete:
            self.user = (self._context.client_principal or "").rpartition("\\")[2]
            self._context = None
            return Answer(self.user, "")
        return Answer(None, f"{scheme} {base64.b64encode(reply or b'').decode()}")

    def _expected_bindings(self, token: bytes) -> GssChannelBindings | None:
        """Return the bindings of this TLS channel, for the acceptor to compare, if the client's message holds any."""
        start = token.find(_SIGNATURE)
        if start < 0 or not _has_channel_bindings(token[start:]):
            return None
        digest = hashlib.sha256(self._certificate).digest()
        return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


def _acceptor(token: bytes) -> spnego.ContextProxy:
    if token.startswith(_SIGNATURE):
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)


def _has_channel_bindings(message: bytes) -> bool:
    """Whether an AUTHENTICATE message carries channel bindings that aren't all zero (MS-NLMP 2.2.1.3, 2.2.2.1)."""
    if struct.unpack_from("<I", message, 8)[0] != _AUTHENTICATE:
        return False
    length, _, offset = struct.unpack_from("<HHI", message, 20)  # the field of the NT response
    at, end = offset + 16 + 28, offset + length  # behind the proof and the fixed part, the AV pairs
    while at + 4 <= end:
        kind, size = struct.unpack_from("<HH", message, at)
        if kind == _CHANNEL_BINDINGS:
            return any(message[at + 4 : at + 4 + size])
        if kind == 0:
            return False
        at += 4 + size
    return False
