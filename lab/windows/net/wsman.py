"""WS-Management envelopes: reads requests, writes responses and faults.

Facts: MS-WSMV (the shell messages and their faults), DSP0226 (WS-Management), and pywinrm 0.5 for what a client reads
out of a response. The fault codes are the `ERROR_WSMAN_*` numbers of Windows' `wsman.h`; the words are the lab's own.
"""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape, quoteattr

import xmltodict

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD_RESOURCE = SHELL + "/cmd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_ENVELOPE = (
    ("s", "http://www.w3.org/2003/05/soap-envelope"),
    ("a", "http://schemas.xmlsoap.org/ws/2004/08/addressing"),
    ("w", "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"),
    ("p", "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"),
    ("x", TRANSFER),
    ("rsp", SHELL),
)
# The last is what is opened with a runspace pool alone.
_PREFIX_OF = {uri: prefix for prefix, uri in _ENVELOPE} | {"http://schemas.microsoft.com/powershell": "ps"}

ACTION_NOT_SUPPORTED = 0x80338013
RESOURCE_NOT_FOUND = 0x80338000
UNEXPECTED_SELECTORS = 0x8033805B
MIN_ENVELOPE_SIZE = 0x8033807E
INVALID_XML = 0x80338043
INVALID_TIMEOUT = 0x8033800F
OPERATION_TIMED_OUT = 0x80338029
QUOTA_LIMIT = 0x8033803F
QUOTA_MAX_SHELLS = 0x803381A5
QUOTA_MAX_OPERATIONS = 0x803381A6
RECEIVE_IN_PROGRESS = 0x80338127
ACCESS_DENIED = 5
BROKEN_PIPE = 109


class WsmanFault(Exception):  # noqa: N818 - SOAP calls it a fault
    """A SOAP fault: a `code` of wsman.h, the `subcode` of the specification, and what to say."""

    def __init__(self, code: int, subcode: str, reason: str, *, receiver: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.receiver = receiver


@dataclass(frozen=True)
class Request:
    """One request. `timeout` is in seconds; `max_envelope` in octets; `body` is s:Body's content by prefixed name."""

    action: str
    resource: str
    message_id: str
    shell_id: str
    timeout: float
    max_envelope: int
    options: dict[str, str]
    body: dict[str, Any]


def parse(data: bytes) -> Request:
    """Read a request's envelope; raises WsmanFault.

    Not certain: a real listener may answer HTTP 400 instead of a fault to what is no XML at all.
    """
    try:
        document = xmltodict.parse(data, process_namespaces=True, namespaces=_PREFIX_OF)
    except (ExpatError, ValueError) as error:
        raise WsmanFault(INVALID_XML, "w:SchemaValidationError", f"The request is not valid XML: {error}.") from error
    envelope = document.get("s:Envelope")
    if not isinstance(envelope, dict):
        raise WsmanFault(INVALID_XML, "w:SchemaValidationError", "The request is not a SOAP 1.2 envelope.")
    header = envelope.get("s:Header") or {}
    selectors = _named(header.get("w:SelectorSet"), "w:Selector")
    max_envelope = int(text(header.get("w:MaxEnvelopeSize")) or 512000)
    if max_envelope < 8192:
        reason = f"The maximum envelope size {max_envelope} is below the smallest allowed, 8192 octets."
        raise WsmanFault(MIN_ENVELOPE_SIZE, "w:EncodingLimit", reason)
    return Request(
        action=text(header.get("a:Action")),
        resource=text(header.get("w:ResourceURI")),
        message_id=text(header.get("a:MessageID")),
        shell_id=selectors.get("ShellId", "").upper(),
        timeout=min(seconds(text(header.get("w:OperationTimeout")) or "PT60S"), 60.0),  # MaxTimeoutms is 60000
        max_envelope=max_envelope,
        options=_named(header.get("w:OptionSet"), "w:Option"),
        body=envelope.get("s:Body") or {},
    )


def text(node: Any) -> str:
    """Return the text of an element as xmltodict gives it: a string, a dict with attributes, or nothing."""
    if isinstance(node, dict):
        node = node.get("#text")
    return (node or "").strip()


def attribute(node: Any, name: str) -> str:
    """Return an attribute of an element, or an empty string."""
    return str(node.get(f"@{name}", "")) if isinstance(node, dict) else ""


def _named(parent: Any, child: str) -> dict[str, str]:
    children = parent.get(child) if isinstance(parent, dict) else None
    nodes = children if isinstance(children, list) else [children] if children is not None else []
    return {attribute(node, "Name"): text(node) for node in nodes}


def seconds(duration: str) -> float:
    """Return the seconds of an XML duration such as PT20S; raises WsmanFault."""
    found = re.fullmatch(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", duration)
    if found is None or not any(found.groups()):
        raise WsmanFault(INVALID_TIMEOUT, "a:InvalidMessageInformationHeader", f"Invalid duration {duration!r}.")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def response(request: Request, action: str, body: str) -> bytes:
    """Write a response's envelope around an XML body."""
    return _write(action, request.message_id, body)


def fault(error: WsmanFault, relates_to: str, machine: str) -> bytes:
    """Write a fault's envelope; `machine` is the host name that the client used.

    Quota faults carry a `MSFT_WmiError` in place of a `WSManFault`, and Ansible's winrm connection looks for it there.
    """
    reason = escape(error.reason)
    detail = (
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{error.code}" '
        f"Machine={quoteattr(machine)}><f:Message>{reason}</f:Message></f:WSManFault>"
    )
    if error.code in (QUOTA_MAX_SHELLS, QUOTA_MAX_OPERATIONS):
        detail = (
            '<m:MSFT_WmiError xmlns:m="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError">'
            f"<m:CIMStatusCode>27</m:CIMStatusCode><m:Message>{reason}</m:Message>"
            f"<m:MessageID>HRESULT 0x{error.code:08x}</m:MessageID><m:error_Code>{error.code}</m:error_Code>"
            "<m:error_Type>HRESULT</m:error_Type></m:MSFT_WmiError>"
        )
    body = (
        f"<s:Fault><s:Code><s:Value>s:{'Receiver' if error.receiver else 'Sender'}</s:Value>"
        f"<s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>'
    )
    return _write("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", relates_to, body)


def _write(action: str, relates_to: str, body: str) -> bytes:
    namespaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _ENVELOPE)
    relates = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xml:lang="en-US" {namespaces}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>{relates}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def created_body(
    resource: str, shell_id: str, *, user: str, client: str, idle_seconds: float, streams: tuple[str, str]
) -> str:
    """Write the body of a Create response: the new shell's reference and description."""
    idle = f"PT{idle_seconds:.3f}S"
    return (
        f"<x:ResourceCreated><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{resource}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
        f"</x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{resource}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(user)}</rsp:Owner><rsp:ClientIP>{escape(client)}</rsp:ClientIP>"
        f"<rsp:IdleTimeOut>{idle}</rsp:IdleTimeOut><rsp:InputStreams>{escape(streams[0])}</rsp:InputStreams>"
        f"<rsp:OutputStreams>{escape(streams[1])}</rsp:OutputStreams></rsp:Shell>"
    )


def command_body(command_id: str) -> str:
    """Write the body of a Command response."""
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def pipeline_body(command_id: str, data: bytes, *, done: bool) -> str:
    """Write the body of a Receive response of a pipeline, or without a command's id, of the pool itself."""
    command = f' CommandId="{command_id}"' if command_id else ""
    stream = f'<rsp:Stream Name="stdout"{command}>{base64.b64encode(data).decode()}</rsp:Stream>'
    word = "Done" if done else "Running"
    state = f'<rsp:CommandState{command} State="{SHELL}/CommandState/{word}"/>' if command_id else ""
    return f"<rsp:ReceiveResponse>{stream}{state}</rsp:ReceiveResponse>"


def receive_body(command_id: str, pieces: list[tuple[str, bytes]], exit_code: int | None) -> str:
    """Write the body of a Receive response: pieces of streams, and the exit code when there is no more to come."""
    written = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in pieces
    )
    if exit_code is None:
        state = f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Running"/>'
    else:
        written += "".join(
            f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"></rsp:Stream>'
            for name in ("stdout", "stderr")
        )
        state = (
            f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
    return f"<rsp:ReceiveResponse>{written}{state}</rsp:ReceiveResponse>"
