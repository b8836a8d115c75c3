"""Action plugin `gateway_certificate`: the certificate that a TLS server shows this controller.

It sends nothing but the handshake, and reaches no endpoint.

Arguments: `name` and `port` of the server; `connect_to`, where to reach it instead of by its name; `ca_path`, a file
with the CA to trust instead of the system's; `timeout_seconds` for the connection, and again for the handshake.

The answer is `look`, as handover.certificate describes it. A server that cannot be reached is an answer and no failure.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from typing import Any

from ansible.plugins.action import ActionBase
from cryptography import x509
from cryptography.x509.oid import NameOID

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "connect_to": {"type": "str", "default": ""},
    "ca_path": {"type": "str", "default": ""},
    "timeout_seconds": {"type": "float", "default": 10},
}


class ActionModule(ActionBase):
    """Look, on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the look."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        return {"changed": False, "look": look(**args)}


def look(name: str, port: int, connect_to: str = "", ca_path: str = "", timeout_seconds: float = 10) -> dict[str, Any]:
    """Return what a server shows; a certificate that TLS refuses is fetched a second time, to say what it is."""
    address = (connect_to or name, port)
    found: dict[str, Any] = {
        "error": "",
        "address": f"{address[0]}:{port}",
        "verified": True,
        "verify_code": 0,
        "verify_words": "",
        "certificate": None,
    }
    try:
        context = ssl.create_default_context(cafile=ca_path or None)
        # Python 3.13 refuses what the laptops' systems accept (a private CA without a key identifier, say).
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    except (OSError, ssl.SSLError) as failure:
        return found | {
            "error": f"handover_gateway_ca_path: {ca_path} holds no certificate that can be used ({failure})"
        }
    try:
        try:
            shown = handshake(address, name, context, timeout_seconds)
        except ssl.SSLCertVerificationError as refused:
            # The words can name the host and hold no more than OpenSSL's own text.
            found |= {"verified": False, "verify_code": refused.verify_code, "verify_words": refused.verify_message}
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            shown = handshake(address, name, context, timeout_seconds)
    except OSError as failure:
        return found | {"error": why_not(failure, found["address"], timeout_seconds)}
    try:
        found["certificate"] = _certificate(shown)
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as failure:
        found |= {"verified": False, "verify_words": found["verify_words"] or str(failure)}
    return found


class _SilentError(OSError):
    """The server took the connection and did not end the handshake in time."""


def handshake(address: tuple[str, int], name: str, context: ssl.SSLContext, seconds: float) -> bytes:
    """Return the certificate (DER) of one handshake. Raises OSError, of which ssl.SSLError is one."""
    with socket.create_connection(address, timeout=seconds) as plain:
        plain.setblocking(False)
        with context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False) as tls:
            end = time.monotonic() + seconds
            while True:
                try:
                    tls.do_handshake()
                    return tls.getpeercert(binary_form=True) or b""
                except ssl.SSLWantReadError:
                    _wait([tls], [], end)
                except ssl.SSLWantWriteError:
                    _wait([], [tls], end)


def _wait(readers: list[ssl.SSLSocket], writers: list[ssl.SSLSocket], end: float) -> None:
    # A deadline and no time-out: a server that sends one byte now and then must not hold up the run.
    left = end - time.monotonic()
    if left <= 0 or not any(select.select(readers, writers, [], left)):
        raise _SilentError


def why_not(failure: OSError, address: str, seconds: float) -> str:
    """Return in words why there was no handshake."""
    if isinstance(failure, socket.gaierror):
        return f"{address}: the name has no address on this controller"
    if isinstance(failure, ConnectionRefusedError):
        return f"{address} refuses the connection: nothing listens there"
    if isinstance(failure, _SilentError):
        return f"{address} takes the connection, but says nothing for {seconds:g} s: it is no TLS server, or it hangs"
    if isinstance(failure, TimeoutError):
        return f"no answer from {address} in {seconds:g} s"
    if isinstance(failure, ssl.SSLError | ConnectionResetError):
        return f"{address} does not speak TLS as it should ({failure.strerror or failure})"
    return f"{address} cannot be reached ({failure.strerror or failure})"


def _certificate(der: bytes) -> dict[str, Any]:
    """Return names, issuer and dates. Raises ValueError for what is no certificate."""
    found = x509.load_der_x509_certificate(der)
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = alternative.get_values_for_type(x509.DNSName)
        addresses = [str(one) for one in alternative.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        # The common name alone does not count any more: clients look at the alternative names only (RFC 9525).
        names, addresses = [], []
    wanted = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    issuer = [str(part.value) for oid in wanted for part in found.issuer.get_attributes_for_oid(oid)]
    return {
        "names": [*names, *addresses],
        "issuer": ", ".join(issuer),
        "not_before": f"{found.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{found.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
    }
