"""ansible.windows.win_package: .msi and .exe packages.

An .msi is recognised by its product code, an .exe only by `product_id` (the name of its entry under Uninstall) or by a
`creates_*` option; a `creates_*` option outweighs everything else. What a file would do is written in it
(lab/windows/installers.py). Not modelled: URLs, .msix and .msp. (ansible.windows win_package)
"""

from __future__ import annotations

import codecs
import ntpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleCrash, ModuleFailure, Rules, model
from lab.windows.machine.access import by_windows
from lab.windows.machine.filesystem import FileSystemError
from lab.windows.machine.installers import (
    check_msiexec,
    entry_of,
    file_version,
    msi_entry_of,
    remove_product,
    run_installer,
    run_msi,
    run_uninstall_command,
)
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.services import find_service

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_RULES = Rules(
    required_by={"creates_version": ("creates_path",)},
    required_if=(("state", "present", ("path",)), ("state", "absent", ("path", "product_id"), True)),
)
_MSIX = (".appx", ".appxbundle", ".msix", ".msixbundle")


@dataclass
class _Status:
    """How a package was found: by which provider, under which id, and in which registry entry."""

    provider: str
    id: str
    installed: bool
    entry: str | None = None


@model("ansible.windows.win_package", _RULES)
def win_package(machine: Machine, call: Call) -> dict[str, Any]:
    """Install or uninstall one package unless it is so already."""
    args = call.args
    state, path = args.get("state"), args.get("path")
    result: dict[str, Any] = {"changed": False, "rc": 0, "reboot_required": False}
    is_url = path is not None and path.lower().startswith("http")
    if path and not is_url and not machine.files.exists(path) and not call.check_mode:
        raise ModuleFailure(f"the file at the path '{path}' cannot be reached", reboot_required=False)
    status = _status(machine, call, None if is_url else path)
    if is_url and not (state == "present" and args.get("product_id") and status.installed):
        raise NotModelled("win_package with a URL as path: it has nothing to download from; copy the file first")
    result["changed"] = (state == "present") != status.installed
    if result["changed"] and not call.check_mode:
        if state == "present" and path:
            _check_file(machine, args, path, result)
        _carry_out(machine, call, status, result)
    return result


def _status(machine: Machine, call: Call, path: str | None) -> _Status:
    args = call.args
    provider = args.get("provider") or "auto"
    if path and provider == "auto":
        provider = _provider_of(machine, path)
    if provider in ("msix", "msp"):
        raise NotModelled(f"win_package provider '{provider}'")
    product_id = args.get("product_id") or ""
    if provider == "msi" or (provider == "auto" and product_id and msi_entry_of(machine, product_id)):
        code = _product_code(machine, path) if path else product_id
        entry = msi_entry_of(machine, code)
        status = _Status("msi", code, entry is not None, entry)
    else:
        entry = entry_of(machine, product_id, identity.hkcu(machine, call)) if product_id else None
        status = _Status("registry", product_id, entry is not None, entry)
    return _by_what_it_creates(machine, args, status)


def _provider_of(machine: Machine, path: str) -> str:
    extension = ntpath.splitext(path)[1].lower()
    if extension in _MSIX:
        return "msix"
    # A file that is not there is of no class (GetClassFile), so no msi either; in check mode there may be none yet.
    kind = machine.files.metadata(path).get("kind") if machine.files.is_file(path) else None
    return str(kind) if kind in ("msi", "msp") else "registry"


def _product_code(machine: Machine, path: str) -> str:
    metadata = machine.files.metadata(path) if machine.files.is_file(path) else None
    if metadata is not None and metadata.get("kind") == "msi":
        return str(metadata["ProductCode"])
    reason = (
        "The system cannot find the file specified"
        if metadata is None
        else "This installation package could not be opened"
    )
    raise ModuleCrash(f'Exception calling "OpenPackage" with "2" argument(s): "{reason}"')


def _by_what_it_creates(machine: Machine, args: dict[str, Any], status: _Status) -> _Status:
    path, version = args.get("creates_path"), args.get("creates_version")
    if path:
        status.installed = machine.files.exists(path)
        if version and status.installed:
            if machine.files.is_dir(path):
                raise ModuleCrash("creates_path must be a file not a directory when creates_version is set")
            status.installed = version == file_version(machine.files.metadata(path))
    if args.get("creates_service"):
        status.installed = find_service(machine, args["creates_service"]) is not None
    return status


def _check_file(machine: Machine, args: dict[str, Any], path: str, result: dict[str, Any]) -> None:
    found = machine.files.need(path).checksum(args["checksum_algorithm"]).upper()
    result["checksum"] = found
    failed = result | {"changed": False}
    wanted = args.get("checksum")
    if wanted and wanted.upper() != found:
        raise ModuleFailure(f"The checksum for {path} did not match '{wanted}', it was '{found}'", **failed)
    signature = machine.files.metadata(path).get("SignatureStatus", "NotSigned")
    if args.get("verify_signature") and signature != "Valid":
        reason = f"File '{path}': signature status is '{signature}', expected 'Valid'"
        raise ModuleFailure(f"Authenticode check failed: {reason}", **failed)


def _carry_out(machine: Machine, call: Call, status: _Status, result: dict[str, Any]) -> None:
    args, admin = call.args, identity.is_admin(machine, call)
    arguments = args.get("arguments") or ""
    if isinstance(arguments, list):
        arguments = " ".join(_quoted(str(argument)) for argument in arguments)
    path, present = args.get("path"), args["state"] == "present"
    code: int | None
    lines: list[str] | None = None
    if status.provider == "msi":
        log = args.get("log_path") or rf"{identity.environment(machine, call)['TEMP']}\msiexec.log"
        verb, subject = ("/i", path) if present else ("/x", status.id)
        words = [r"C:\WINDOWS\System32\msiexec.exe", verb, subject, "/L*V", log, "/qn", "/norestart"]
        line = " ".join([*(_quoted(str(word)) for word in words), *([arguments] if arguments else [])])
        code, lines = _run_msiexec(
            machine, path if present else None, status, line, log=args.get("log_path"), admin=admin
        )
    else:
        line = _quoted(path) if path else _uninstall_command(machine, call, status)
        line += f" {arguments}" if arguments else ""
        if not admin:
            raise NotModelled(f"what {line} does when it is run by an ordinary account")
        with by_windows(machine):
            code = _run_program(machine, path, line)
    if code is None:
        raise NotModelled(f"what {line} does to a machine")
    result["rc"] = code
    if code not in args["expected_return_code"]:
        msg = f"unexpected rc from '{line}': see rc, stdout, and stderr for more details"
        log = {} if lines is None else {"log": "\r\n".join([*lines, ""])}
        raise ModuleFailure(msg, **(result | {"changed": False, "stdout": "", "stderr": ""} | log))
    # Without it Ansible takes any code but 0 for a failure.
    result["failed"] = False
    result["reboot_required"] = code == 3010


def _run_msiexec(
    machine: Machine, path: str | None, status: _Status, line: str, *, log: str | None, admin: bool
) -> tuple[int, list[str]]:
    """Return the exit code and the log; 1622 (ERROR_INSTALL_LOG_FAILURE) where the log cannot be kept."""
    check_msiexec(line)
    if log:
        try:
            machine.files.write(log, codecs.BOM_UTF16_LE)
        except FileSystemError:
            return 1622, []
    with by_windows(machine):
        if path:
            code, lines = run_msi(machine, machine.files.metadata(path), line, admin)
        else:
            code, lines = remove_product(machine, status.entry, line, admin)
        if log:
            machine.files.write(log, codecs.BOM_UTF16_LE + "\r\n".join([*lines, ""]).encode("utf-16-le"))
    return code, lines


def _run_program(machine: Machine, path: str | None, line: str) -> int | None:
    if path is None:
        return run_uninstall_command(machine, line)
    metadata = machine.files.metadata(path)
    return run_installer(machine, metadata, line) if metadata.get("kind") == "exe" else None


def _uninstall_command(machine: Machine, call: Call, status: _Status) -> str:
    for name in ("QuietUninstallString", "UninstallString"):
        command = machine.registry.data(status.entry or "", name) if status.entry else None
        if command:
            text = str(command)
            return identity.expand(machine, call, text) if text.startswith(("%", '"%')) else text
    raise ModuleFailure(f"Failed to find registry uninstall string at registry path '{status.entry or ''}'")


def _quoted(word: str) -> str:
    """Quote a command line argument as a C program expects it, when it has to be."""
    if word and not re.search(r'[\s"]', word):
        return word
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', word)
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'
