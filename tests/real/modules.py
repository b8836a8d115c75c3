"""One call of a module of ansible.windows, to the real one over Wine and to the lab's model of it; and what it left."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from ansible.executor import powershell as executor
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import module_loader
from ansible.template import Templar

from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import PROFILE_LIST, Machine
from lab.windows.machine.accounts import ADMINISTRATORS, User
from lab.windows.machine.registry import Value
from tests.real.endpoint import HERE, Endpoint

# All that the calls of the table may touch.
KEY = r"HKLM\SOFTWARE\Table"
FOLDER = r"C:\Table"
ADMIN = "S-1-5-21-1000000001-1000000002-1000000003-500"

Result = dict[str, Any]


def internal(module: str, *, check: bool) -> dict[str, Any]:
    """Return what Ansible itself adds to a module's arguments."""
    return {
        "_ansible_check_mode": check,
        "_ansible_diff": True,
        "_ansible_module_name": module,
        "_ansible_no_log": False,
        "_ansible_debug": False,
        "_ansible_verbosity": 0,
        "_ansible_version": "2.19.0",
        "_ansible_syslog_facility": "LOG_USER",
        "_ansible_socket": None,
        "_ansible_keep_remote_files": False,
        "_ansible_shell_executable": None,
        "_ansible_selinux_special_fs": [],
        "_ansible_remote_tmp": "%TEMP%",
        "_ansible_tmpdir": None,
    }


@cache
def _path_of(module: str) -> str:
    path = module_loader.find_plugin(module, mod_type=".ps1")
    assert path, f"{module} is not installed"
    return str(path)


def real(endpoint: Endpoint, module: str, args: dict[str, Any], *, check: bool = False) -> Result:
    """Run the real module, as Ansible's own wrapper does."""
    built = modify_module(
        module_name=module,
        module_path=_path_of(module),
        module_args=args | internal(module, check=check),
        templar=Templar(loader=DataLoader()),
    )
    assert executor.__file__ is not None
    bootstrap = Path(executor.__file__).with_name("bootstrap_wrapper.ps1").read_text(encoding="utf-8")
    answer = endpoint.call(bootstrap, built.b_module_data.decode("utf-8"))
    try:
        found: Result = json.loads(answer.out)
    except ValueError:
        found = {"failed": True, "msg": f"no JSON: {answer.out}{answer.wrong}"}
    return found


def lab(machine: Machine, module: str, args: dict[str, Any], *, check: bool = False) -> Result:
    """Run the lab's model of the module."""
    source = Path(_path_of(module)).read_text(encoding="utf-8") if module.startswith("offsite.") else ""
    outcome = execute(machine, Call("module", module, args, internal(module, check=check), source, user="ansible"))
    answer: Result = json.loads(outcome.stdout)
    return answer


def machine() -> Machine:
    """Return a simulated machine with one administrator and nothing else."""
    made = Machine("pc1")
    made.accounts.users[ADMIN] = User(ADMIN, "ansible")
    made.groups[ADMINISTRATORS].members.add(ADMIN)
    made.registry.create(PROFILE_LIST)
    made.create_profile(ADMIN)
    return made


def real_keys(endpoint: Endpoint) -> Result:
    """Return what is below KEY, by .NET alone."""
    script = (HERE / "keys_of_table.ps1").read_text(encoding="utf-8")
    answer = endpoint.call(script)
    assert not answer.wrong, answer.wrong
    keys: Result = json.loads(answer.out)
    return keys


def real_files(endpoint: Endpoint) -> dict[str, str]:
    """Return the checksum of each file below FOLDER, as the system below Wine sees it; "directory" for one."""
    top = endpoint.disk / FOLDER.partition("\\")[2]
    return {str(path.relative_to(top)).replace("/", "\\"): _content(path) for path in top.rglob("*")}


def _content(path: Path) -> str:
    return "directory" if path.is_dir() else hashlib.sha1(path.read_bytes()).hexdigest()


def lab_keys(machine: Machine) -> Result:
    """Return the same of the simulated machine."""
    if not machine.registry.exists(KEY):
        return {}
    keys = machine.registry.walk(KEY)
    return {path[len(KEY) :]: {name: _shown(value) for name, value in values.items()} for path, values in keys}


def _shown(value: Value) -> list[Any]:
    data = value.data
    return [value.type, data.hex() if isinstance(data, bytes) else data]


def lab_files(machine: Machine) -> dict[str, str]:
    """Return the same of the simulated machine."""
    found = machine.files.walk(FOLDER) if machine.files.is_dir(FOLDER) else []
    contents = {each.path: "directory" if each.is_dir else each.checksum("sha1") for each in found}
    return {path[len(FOLDER) + 1 :]: content for path, content in contents.items()}
