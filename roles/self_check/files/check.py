"""Runs the reader for a user with a double click, and writes its answer to a file.

READER (the text of mac_endpoint_state.py) and GIVEN (JSON: the signed request, the file's name, what is shown) are what
the package puts before this text. Python 3.8 and up, standard library only.
"""

import base64
import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path


def run_command(arguments: list) -> tuple:
    """Return a program's exit code and what it said, as the reader wants it."""
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        return 127, "", f"{arguments[0]}: {error.strerror or error}"
    texts = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return (done.returncode, *texts)


def reader(text: str) -> types.ModuleType:
    """Return the reader as a module; what speaks with Ansible in it is not called here."""
    basic = types.ModuleType("ansible.module_utils.basic")
    basic.AnsibleModule = None
    sys.modules.update({"ansible": types.ModuleType("ansible"), "ansible.module_utils": types.ModuleType("utils")})
    sys.modules["ansible.module_utils.basic"] = basic
    module = types.ModuleType("mac_endpoint_state")
    exec(compile(text, "mac_endpoint_state.py", "exec"), module.__dict__)  # noqa: S102 - the package's own text
    return module


def answer(text: str, token: str) -> dict:
    """Return the content of the state file."""
    module = reader(text)
    request = json.loads(base64.b64decode(token.partition(".")[0]))["reads"]
    return {
        "schema": 1,
        "token": token,
        "document": module.whole_text(module.read(request, run_command)),
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "computer": os.uname().nodename,
        "administrator": os.geteuid() == 0,
        "warnings": [],
    }


def main() -> None:
    """Say what was asked to be said, or check."""
    # Terminal shows it, whatever the language is set to.
    sys.stdout.reconfigure(encoding="utf-8")
    given = json.loads(GIVEN)  # noqa: F821 - stands before this text
    words = given["words"]["ja" if os.environ.get("LANG", "").startswith("ja") else "en"]
    if len(sys.argv) > 3:
        print(words[sys.argv[3]])
        return
    print(words["reads"])
    made = answer(READER, given["token"])  # noqa: F821 - stands before this text
    path = Path(sys.argv[2]) / given["file"]
    path.write_text(json.dumps(made, sort_keys=True), encoding="ascii")
    if os.geteuid() == 0 and "SUDO_UID" in os.environ:
        os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID", "-1")))
    print(words["done"].replace("{file}", str(path)))


main()
