"""Brings what Ansible sends to Windows into a PowerShell over Wine (tests/real/README.md)."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

from tests.real.calls import NoAnswerError, call

DOCUMENTATION = """
name: over_wine
short_description: a PowerShell over Wine
description: The PowerShell runs already; what is sent to it lies in a folder.
options:
  folder:
    description: The endpoint's folder, with its Wine prefix and its calls in it.
    type: path
    required: true
    vars: [{name: over_wine_folder}]
  call_seconds:
    description: How long one call may take. Ansible itself would fill an option named `timeout` with 10.
    type: int
    default: 180
    vars: [{name: over_wine_call_seconds}]
"""

ENCODED = re.compile(r"-EncodedCommand\s+[\"']?([A-Za-z0-9+/=]+)")


class Connection(ConnectionBase):
    """One call is one file, and one answer."""

    transport = "over_wine"
    module_implementation_preferences = (".ps1", ".exe", "")
    has_pipelining = True
    allow_executable = False
    always_pipeline_modules = True
    allow_extras = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Speak PowerShell whatever the inventory says."""
        self._shell_type = "powershell"
        super().__init__(*args, **kwargs)

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def close(self) -> None:
        """Leave the PowerShell running for the next call."""

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command line of Ansible's own, or a PowerShell text."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        encoded = ENCODED.search(cmd)
        script = base64.b64decode(encoded[1]).decode("utf-16-le") if encoded else cmd
        text = (in_data or b"").decode("utf-8", "surrogateescape")
        folder = Path(self.get_option("folder"))
        try:
            done = call(folder / "calls", script, text, seconds=self.get_option("call_seconds"))
        except NoAnswerError as error:
            raise AnsibleConnectionFailure(str(error)) from None
        return int(bool(done.wrong)), done.out.encode(), done.wrong.encode()

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the endpoint."""
        super().put_file(in_path, out_path)
        shutil.copyfile(in_path, self._local(out_path))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the endpoint."""
        super().fetch_file(in_path, out_path)
        shutil.copyfile(self._local(in_path), out_path)

    def _local(self, path: str) -> Path:
        drive, _, rest = path.strip("'\"").replace("\\", "/").partition(":")
        return Path(self.get_option("folder"), "prefix/dosdevices", f"{drive.lower()}:", rest.lstrip("/"))
