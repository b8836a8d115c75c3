"""The kinds of place that tell how Windows shares folders and opens those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..values import smb
from .nodes import Located, Unreadable, readable
from .place import Place

if TYPE_CHECKING:
    from .state import State

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
SHARES = rf"{SERVICES}\LanmanServer\Shares"
# What Group Policy and an MDM say of guests.
_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\LanmanWorkstation"
# With one of these at 0 nobody listens on TCP 445, or no client of today is understood there.
_CLOSES = (
    (rf"{SERVICES}\LanmanServer\Parameters", "SMB2"),
    (rf"{SERVICES}\NetBT\Parameters", "SMBDeviceEnabled"),
)


class _SharedFolder(Place):
    """{shared_folder: NAME}: the path of a folder that is shared; {shared_folder: "*"}: the names of all of them.

    What Windows shares by itself (C$, ADMIN$, print$) and printers do not count.
    """

    kind = "shared_folder"

    def locate(self, state: State) -> Located:
        key = state.machine.key_with(SHARES, None)
        folders, odd = {}, []
        for name, value in sorted((readable(key.get("values"), SHARES) if key else {}).items()):
            try:
                path = smb.shared_folder(name, readable(value, f"{SHARES} {name}").get("data"))
            except (smb.ShareError, Unreadable) as error:
                odd.append((name, str(error)))
                continue
            if path is not None:
                folders[name] = path
        return self._all(folders, odd) if self.name == "*" else self._one(folders, odd)

    def _all(self, folders: dict[str, str], odd: list[tuple[str, str]]) -> Located:
        if odd and not folders:
            raise Unreadable(odd[0][1])
        evidence = f"{SHARES}: {', '.join(f'{name} ({path})' for name, path in folders.items()) or 'none'}"
        return Located(bool(folders), [*folders] or None, evidence=evidence, missing="no folder is shared")

    def _one(self, folders: dict[str, str], odd: list[tuple[str, str]]) -> Located:
        wanted = self.name.casefold()
        for name, why in odd:
            if name.casefold() == wanted:
                raise Unreadable(why)
        path = next((path for name, path in folders.items() if name.casefold() == wanted), None)
        return Located(path is not None, path, evidence=f"{SHARES} {self.name}", missing="not shared")


class _Smb(Place):
    """{smb: WHAT}: how Windows speaks SMB, its own defaults included.

    server_signing, client_signing: whether every connection has to be signed (required, optional); guests: whether it
    goes on as a guest at other machines (allowed, refused). Both may be unknown. closed_by: the values by which nobody
    answers on TCP 445.
    """

    kind = "smb"
    _signing: ClassVar[dict[str, str]] = {"server_signing": "LanmanServer", "client_signing": "LanmanWorkstation"}
    _known = (*_signing, "guests", "closed_by")

    @classmethod
    def name_problem(cls, name: Any) -> str | None:
        return None if name in cls._known else f"smb is {name!r}; allowed: {', '.join(cls._known)}"

    def locate(self, state: State) -> Located:
        if self.name == "closed_by":
            return _closed_by(state)
        keys: tuple[str, ...]
        if self.name == "guests":
            value, words = "AllowInsecureGuestAuth", ("refused", "allowed")
            keys, default = (_POLICY, rf"{SERVICES}\LanmanWorkstation\Parameters"), smb.guests_by_default
        else:
            value, words = "RequireSecuritySignature", ("optional", "required")
            keys, default = (rf"{SERVICES}\{self._signing[self.name]}\Parameters",), smb.signing_by_default
        for key in keys:
            number = _number(state, key, value)
            if number.found:
                return Located(True, words[number.value != 0], evidence=f"{number.evidence}: {number.value}")
        edition, build = str(state.locate({"system": "edition_id"}).value), int(state.locate({"system": "build"}).value)
        on = default(edition, build)
        evidence = f"{keys[-1]} {value}: not set; the default of {edition}, build {build}"
        return Located(True, "unknown" if on is None else words[on], evidence=evidence)


def _closed_by(state: State) -> Located:
    values = [_number(state, key, name) for key, name in _CLOSES]
    closed = [f"{value.evidence}: 0" for value in values if value.found and value.value == 0]
    evidence = ", ".join(f"{key} {name}" for key, name in _CLOSES)
    return Located(bool(closed), closed or None, evidence=evidence, missing="nothing")


def _number(state: State, key: str, name: str) -> Located:
    value = state.machine.value(key, name)
    if value.found and value.type != "REG_DWORD":
        raise Unreadable(f"{value.evidence} is no REG_DWORD, so what Windows makes of it is not known")
    return value
