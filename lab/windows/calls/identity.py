r"""Who a call runs as: the account that logged on, or the one it became; its profile and its environment variables.

Source: ansible-core `become_wrapper.ps1` with `Ansible.Become.cs` and `Ansible.AccessToken.cs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lab.windows.calls.payload import Call
from lab.windows.machine import Machine
from lab.windows.machine.access import Subject, acting
from lab.windows.machine.accounts import SERVICE_ACCOUNTS, SYSTEM
from lab.windows.machine.registry import RegistryError

_SYSTEM_PROFILE = r"C:\WINDOWS\system32\config\systemprofile"


class BecomeFailure(Exception):  # noqa: N818 - it is the endpoint's answer, not an error of the lab
    """The call cannot become the user it asks for; the text is PowerShell's."""

    def __init__(self, reason: str) -> None:
        super().__init__(f'Exception calling "CreateProcessAsUser" with "9" argument(s): "{reason}"')


def account(call: Call) -> str:
    """Return the name of the account that the call runs as."""
    return call.become_user or call.user


def sid(machine: Machine, call: Call) -> str:
    """Return the SID of the account that the call runs as; raises ValueError when the machine has no such account."""
    found = machine.sid_of(account(call))
    if found is None:
        msg = f"the call was made by {account(call)!r}, which is no account of {machine.computer_name}"
        raise ValueError(msg)
    return found


def is_admin(machine: Machine, call: Call) -> bool:
    """Tell whether the call runs with administrator rights."""
    return machine.is_admin(account(call))


def subject(machine: Machine, call: Call) -> Subject:
    """Return who acts in this call; an account that the machine does not have has no rights."""
    return Subject(machine.sid_of(account(call)) or "", is_admin(machine, call))


@contextmanager
def session(machine: Machine, call: Call) -> Iterator[None]:
    """Check that the call may run as it asks to; load that account's hive and have its rights hold while it runs.

    Raises BecomeFailure. An account without a profile gets one when it is become, as on a first logon. When its hive
    file is in use elsewhere the call runs all the same, without HKCU (Windows would use a temporary profile).
    """
    if call.become_user:
        _check_become(machine, call)
    who = machine.sid_of(account(call)) if account(call) else None
    ours = (
        who is not None
        and who not in SERVICE_ACCOUNTS
        and not machine.hive_loaded(who)
        and bool(call.become_user or who in machine.profiles())
    )
    if who is not None and ours:
        with suppress(RegistryError):
            machine.load_profile(who)
    try:
        if account(call):
            with acting(machine, subject(machine, call)):
                yield
        else:
            yield
    finally:
        if who is not None and ours:
            machine.unload_profile(who)


def _check_become(machine: Machine, call: Call) -> None:
    name = str(call.become_user)
    target = machine.sid_of(name)
    if target is None:
        raise BecomeFailure("Some or all identity references could not be translated.")
    password = call.internal.get("BecomePassword")
    if not machine.is_admin(call.user) and (target in SERVICE_ACCOUNTS or not password):
        raise BecomeFailure(
            "Failed to get token for NT AUTHORITY\\SYSTEM required for become as a service account or an account "
            "without a password"
        )
    user = machine.users.get(target)
    if target in SERVICE_ACCOUNTS or password is None:
        return
    shown = name if "\\" in name or "@" in name else f".\\{name}"
    if user is None or not user.check_password(str(password)):
        raise BecomeFailure(_logon_failed(shown, "The user name or password is incorrect", 1326))
    if not user.enabled:
        raise BecomeFailure(
            _logon_failed(shown, "This user can't sign in because this account is currently disabled", 1331)
        )


def _logon_failed(shown: str, reason: str, code: int) -> str:
    return f"Failed to logon {shown} ({reason}, Win32ErrorCode {code} - 0x{code:08X})"


def hkcu(machine: Machine, call: Call) -> str:
    r"""Return HKU\<SID> of the account that the call runs as."""
    return f"HKU\\{sid(machine, call)}"


def environment(machine: Machine, call: Call) -> dict[str, str]:
    """Return the environment variables that the call sees, those of the task's own `environment` included."""
    values = machine.environment(account(call) or None)
    if account(call) and machine.sid_of(account(call)) == SYSTEM:
        values |= {"USERNAME": f"{machine.computer_name}$", "USERPROFILE": _SYSTEM_PROFILE}
    return values | call.environment


def expand(machine: Machine, call: Call, text: str) -> str:
    """Replace %NAME% by the environment of the account the call runs as, the task's own `environment` first."""
    own = {name.casefold(): value for name, value in call.environment.items()}
    text = re.sub(r"%([^%]+)%", lambda found: own.get(found[1].casefold(), found[0]), text)
    return machine.expand(text, account(call) or None)
