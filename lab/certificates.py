"""The lab's own certificate authority and the one server certificate that all its listeners share.

One certificate is enough, since every endpoint is 127.0.0.1; it is made once for a state directory.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from lab.windows.net.winrm import Tls

CA_FILE = "ca.pem"
_SERVER_FILE = "server.pem"


def make(folder: Path) -> Path:
    """Make the authority and the server certificate in a folder unless they are there; return the authority's file."""
    ca_file = folder / CA_FILE
    if not ca_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="offsite lab")
        leaf = authority.issue_cert("127.0.0.1", "localhost")
        server_file = folder / _SERVER_FILE
        server_file.touch(mode=0o600)
        leaf.private_key_and_cert_chain_pem.write_to_path(str(server_file))
        authority.cert_pem.write_to_path(str(ca_file))
    return ca_file


def load(folder: Path) -> Tls:
    """Load what `make` made: a server context of TLS 1.2 or newer, and the certificate."""
    server_file = folder / _SERVER_FILE
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server_file)
    lines = server_file.read_text(encoding="ascii").splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if "BEGIN CERTIFICATE" in line)
    end = next(i for i, line in enumerate(lines) if "END CERTIFICATE" in line)
    return Tls(context, ssl.PEM_cert_to_DER_cert("".join(lines[start : end + 1])))
