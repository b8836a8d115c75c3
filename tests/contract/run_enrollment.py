"""Runs the enrolment's vectors against enroll/windows.ps1 itself: python -m tests.contract.run_enrollment.

A vector (tests/contract/enrollment) is a machine and one run of the script with what it has to say and to change.
After an enrolment more runs follow by themselves: the same once more changes nothing, `-Check` neither, and `-Remove`
leaves the machine as it was before, but for what the vector says that `stays`. `machine` is laid over base.json.
"""

from __future__ import annotations

import base64
import copy
import json
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parents[1] / "enroll"
VECTORS = HERE / "enrollment"
NOTE = "registry/SOFTWARE\\OffsiteEndpoints_Enrollment"
SAID = re.compile(r"(?:(Note|Done|Would be done) |  )\(([\w-]+)\)")
MERGED = ("registry", "services", "rules", "accounts", "groups", "files")
ADDRESSES = ["192.0.2.7", "2001:db8::1"]
# Long enough for a length of two bytes.
NAMES = ["NB-0101", *ADDRESSES, *(f"nb-{number}.a-long-name-of-a-department.example.org" for number in range(8))]
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def load() -> list[dict[str, Any]]:
    """Return all vectors, by name."""
    paths = sorted(path for path in VECTORS.glob("*.json") if path.name != "base.json")
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def machine_of(vector: dict[str, Any]) -> dict[str, Any]:
    """Return the machine of a vector: what it names, over what every machine has."""
    machine: dict[str, Any] = json.loads((VECTORS / "base.json").read_text(encoding="utf-8"))
    for name, value in copy.deepcopy(vector.get("machine", {})).items():
        if name not in machine:
            raise ValueError(f"{vector['name']}: {name} is no part of a machine")
        machine[name] = machine[name] | value if name in MERGED else value
    return machine


def follows(vector: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs that follow by themselves, as arguments."""
    first = vector["arguments"]
    enrolled = vector["code"] == 0 and not first.get("Check") and not first.get("Remove")
    same = {name: value for name, value in first.items() if name != "NewPassword"}
    return [same, same | {"Check": True}, {"Remove": True}, {"Remove": True}] if enrolled else []


def run(program: str) -> int:
    """Run all vectors in one PowerShell, print what differs, and return how many failed."""
    wanted = load()
    calls = [
        {
            "name": vector["name"],
            "machine": machine_of(vector),
            "files": files_of(vector),
            "runs": [vector["arguments"], *follows(vector)],
        }
        for vector in wanted
    ]
    with tempfile.TemporaryDirectory() as folder:
        call_file, answers = Path(folder, "calls.json"), Path(folder, "answers.jsonl")
        call_file.write_text(json.dumps(calls), encoding="utf-8")
        start = [program, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"]
        (Path(folder) / "names.der").write_bytes(certificate(NAMES).public_bytes(serialization.Encoding.DER))
        given = ["-CallFile", str(call_file), "-AnswerFile", str(answers), "-Scripts", str(SCRIPTS)]
        given += ["-Certificate", str(Path(folder) / "names.der")]
        done = subprocess.run(
            [*start, str(HERE / "run_enrollment.ps1"), *given], capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode != 0:
            print(f"FAILED: {program} ended with {done.returncode}\n{done.stdout}{done.stderr}")
            return len(wanted)
        *lines, names = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    failed = int(names != NAMES)
    if names != NAMES:
        print(f"FAILED: of a certificate for {NAMES} these are read: {names}")
    for vector, call, line in zip(wanted, calls, lines, strict=True):
        wrong = differing(vector, call["machine"], line["runs"])
        failed += bool(wrong)
        if wrong:
            print(f"FAILED {vector['name']}", *wrong, sep="\n         ")
    print(f"enrolment: {len(wanted) - failed} vectors passed, {failed} failed in {program} {lines[0]['powershell']}")
    return failed


def files_of(vector: dict[str, Any]) -> dict[str, str]:
    """Return the files beside the script; `controller.pem` stands for the certificate of KEY."""
    files = dict(vector.get("files", {}))
    if files.get("controller.pem") == "its certificate":
        files["controller.pem"] = certificate([]).public_bytes(serialization.Encoding.PEM).decode()
    return files


def certificate(names: list[str]) -> x509.Certificate:
    """Return a certificate of KEY for names and addresses."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "controller")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), 1, now, now + timedelta(days=1))
    if names:
        known = [x509.IPAddress(ip_address(one)) if one in ADDRESSES else x509.DNSName(one) for one in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def differing(vector: dict[str, Any], machine: dict[str, Any], runs: list[dict[str, Any]]) -> list[str]:
    """Return what differs, one line each."""
    states = [machine, *(json.loads(run["machine"]) for run in runs)]
    at = len(vector.get("before", []))
    wrong = [
        f"run {number}: {run['error']}" for number, run in enumerate(runs) if run["error"] and not vector.get("error")
    ]
    main = runs[at]
    found = {"code": main["code"], "says": said(main), "changes": changes(states[at], states[at + 1])}
    wrong += [
        f"{key}: expected {text(vector[key])}, found {text(found[key])}" for key in found if vector[key] != found[key]
    ]
    if vector.get("error") and vector["error"] not in str(main["error"]):
        wrong.append(f"error: expected {vector['error']}, found {main['error']}")
    if "file" in vector:
        written = {key: value for key, value in json.loads(*main["files"].values()).items() if key != "time"}
        wrong += [] if written == vector["file"] else [f"file: expected {text(vector['file'])}, found {text(written)}"]
    wrong += secrets(vector, states[1], main)
    for number, name in enumerate(("again", "check") if follows(vector) else ()):
        other = runs[1 + number]
        moved = changes(states[1], states[2 + number])
        does = [words for words in said(other) if not words.startswith("Note")]
        if other["code"] != 0 or moved or does or (name == "again" and other["files"] != main["files"]):
            wrong.append(f"{name}: {other['code']} {does} {moved}")
    if follows(vector):
        left = changes(states[0], states[4])
        if left != vector.get("stays", {}) or runs[3]["code"] != 0:
            wrong.append(f"left after -Remove: {text(left)}, expected {text(vector.get('stays', {}))}")
        if [words for words in said(runs[4]) if words.startswith("Done")]:
            wrong.append(f"a second -Remove: {said(runs[4])}")
    return wrong


def said(run: dict[str, Any]) -> list[str]:
    """Return what a run said, by the ids: ["Note public-network", "Done service", "Refused account-taken"]."""
    found = [SAID.match(line) for line in run["lines"]]
    return [f"{match[1] or 'Refused'} {match[2]}" for match in found if match]


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what is another way, by part/name; None for what is gone. Passwords and the note's text are not shown."""

    def parts(machine: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in machine.items():
            if name in MERGED:
                found |= {f"{name}/{key}": one for key, one in value.items() if one != {}}
            elif name != "made":
                found[name] = value
        return found

    one, other = parts(before), parts(after)
    moved = {key: shown(other.get(key)) for key in sorted({*one, *other}) if one.get(key) != other.get(key)}
    return {key: "(note)" if key == NOTE and value else value for key, value in moved.items()}


def shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "(password)" if key == "password" else shown(one) for key, one in value.items() if key != "der"}
    return [shown(one) for one in value] if isinstance(value, list) else value


def secrets(vector: dict[str, Any], machine: dict[str, Any], run: dict[str, Any]) -> list[str]:
    """Return where the password stands in clear and must not, and whether the sealed one is that of the account."""
    passwords = [account["password"] for account in machine["accounts"].values() if account.get("password")]
    if not passwords:
        return []
    (password,) = passwords
    kept = json.dumps([machine["registry"], machine["files"], run["files"]])
    wrong = [
        f"the password stands in {place}" for place, words in (("a file or the registry", kept),) if password in words
    ]
    shown_now = sum(password in line for line in run["lines"])
    sealed = [json.loads(words)["sealed_password"] for words in run["files"].values()]
    if vector.get("files", {}).get("controller.pem") == "its certificate":
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
        opened = [KEY.decrypt(base64.b64decode(one), oaep).decode() for one in sealed if one]
        wrong += [] if opened == [password] and not shown_now else [f"sealed: {opened}, shown {shown_now} times"]
    elif vector["arguments"].get("Transport") == "ssh":
        wrong += ["the password is shown, and nobody needs it"] if shown_now or sealed != [None] else []
    elif shown_now != 1 or sealed != [None]:
        wrong.append(f"the password is shown {shown_now} times")
    return wrong


def text(value: Any) -> str:
    """Return a value as JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1] if len(sys.argv) > 1 else "pwsh") else 0)
