"""Python on a simulated Mac: its files, owners, users and system are the Mac's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.macos.machine import MacMachine
from lab.macos.toolset import PYTHON
from lab.tests.macos.machines import mac, python, run, sudo


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    return mac(tmp_path)


def test_python_says_it_runs_on_a_mac(machine: MacMachine) -> None:
    program = (
        "import json, os, platform, sys, urllib.request\n"
        "facts = [platform.system(), platform.mac_ver()[0], platform.machine(), sys.platform, os.uname().nodename]\n"
        "print(json.dumps(facts))"
    )
    assert python(machine, program) == ["Darwin", "15.7.1", "arm64", "darwin", "mac-01.local"]


def test_users_and_groups_are_the_machines(machine: MacMachine) -> None:
    program = (
        "import grp, json, os, pwd\n"
        "who = [os.getuid(), pwd.getpwuid(os.geteuid()).pw_name]\n"
        "print(json.dumps([*who, os.path.expanduser('~root'), grp.getgrnam('admin').gr_gid]))"
    )
    assert python(machine, program) == [501, "labadmin", "/var/root", 80]
    assert python(machine, program, root=True) == [0, "root", "/var/root", 80]


def test_ownership_given_by_root_is_seen_by_all_and_not_on_disk(machine: MacMachine) -> None:
    program = (
        "import json, os\n"
        "p = '/Library/Preferences/x.plist'\n"
        "open(p, 'w').write('x'); os.chown(p, 502, 80); os.chmod(p, 0o4751)\n"
        "s = os.stat(p); print(json.dumps([s.st_uid, s.st_gid, oct(s.st_mode)]))"
    )
    assert python(machine, program, root=True) == [502, 80, "0o104751"]
    on_disk = (machine.root / "Library/Preferences/x.plist").stat().st_mode & 0o777
    assert on_disk == 0o640  # readable for the lab, and never executable there
    assert run(machine, "stat -f '%u %Sg %Lp' /Library/Preferences/x.plist").stdout == "502 admin 751\n"


def test_new_files_belong_to_their_maker_and_their_folders_group(machine: MacMachine) -> None:
    program = (
        "import json, os\nopen('/tmp/n', 'w')\ns = os.stat('/private/tmp/n')\n"
        "print(json.dumps([s.st_uid, s.st_gid, oct(s.st_mode)]))"
    )
    assert python(machine, program) == [501, 0, "0o100644"]


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("open('/Library/x', 'w')", "[Errno 13] Permission denied: '/Library/x'"),
        ("open('/Library/Preferences/.GlobalPreferences.plist', 'a')", "[Errno 13] Permission denied"),
        ("os.listdir('/Users/jsmith/Documents')", "[Errno 13] Permission denied"),
        ("os.chown('/tmp/mine', 0, 0)", "[Errno 1] Operation not permitted"),
        ("os.chmod('/Library', 0o777)", "[Errno 1] Operation not permitted"),
        ("os.rename('/private/etc/hosts', '/tmp/h')", "[Errno 13] Permission denied"),
        ("os.rmdir('/Users/Shared/roots')", "[Errno 1] Operation not permitted"),
        ("open('/proc/cpuinfo')", "[Errno 2] No such file or directory"),
    ],
)
def test_a_user_without_sudo_is_refused(machine: MacMachine, action: str, error: str) -> None:
    users = machine.state.read()["users"]
    other = next(name for name in users if users[name]["uid"] == 502)
    sudo(machine, "mkdir /Users/Shared/roots")
    program = (
        "import json, os\n"
        "open('/tmp/mine', 'w')\n"
        f"try:\n    {action.replace('jsmith', other)}\n    print(json.dumps('done'))\n"
        "except OSError as e:\n    print(json.dumps(str(e)))"
    )
    assert python(machine, program).startswith(error)


def test_the_sealed_system_volume_refuses_root_too(machine: MacMachine) -> None:
    program = (
        "import json\ntry:\n    open('/System/Library/x', 'w'); print(json.dumps('done'))\n"
        "except OSError as e:\n    print(json.dumps(e.strerror))"
    )
    assert python(machine, program, root=True) == "Read-only file system"


def test_records_follow_a_renamed_folder_and_end_with_the_file(machine: MacMachine) -> None:
    program = (
        "import json, os, shutil\n"
        "os.makedirs('/Library/a/b'); open('/Library/a/b/f', 'w'); os.chown('/Library/a/b/f', 502, 20)\n"
        "os.rename('/Library/a', '/Library/c'); uid = os.stat('/Library/c/b/f').st_uid\n"
        "shutil.rmtree('/Library/c'); print(json.dumps([uid, os.path.exists('/Library/c')]))"
    )
    before = machine.fingerprint()
    assert python(machine, program, root=True) == [502, False]
    assert machine.fingerprint() == before
    assert not [key for key in machine.state.read()["files"] if key.startswith(("/Library/a", "/Library/c"))]


def test_links_directories_and_temporary_files_work_as_usual(machine: MacMachine) -> None:
    program = (
        "import glob, json, os, shutil, tempfile, zipfile, sys\n"
        "os.symlink('/etc/hosts', '/tmp/l')\n"
        "d = tempfile.mkdtemp(); z = d + '/m.zip'\n"
        "with zipfile.ZipFile(z, 'w') as f: f.writestr('packed.py', 'here = __file__')\n"
        "sys.path.insert(0, os.path.realpath(z)); import packed\n"
        "shutil.copy2('/etc/hosts', d + '/h'); names = sorted(e.name for e in os.scandir(d) if e.is_file())\n"
        "links = [os.readlink('/tmp/l'), os.path.realpath('/tmp/l')]\n"
        "print(json.dumps([*links, names, glob.glob('/Library/Launch*'), os.getcwd()]))"
    )
    launch = ["/Library/LaunchAgents", "/Library/LaunchDaemons"]
    link, target, names, found, here = python(machine, program)
    assert [link, target, names, sorted(found), here] == [
        "/etc/hosts",
        "/private/etc/hosts",
        ["h", "m.zip"],
        launch,
        "/Users/labadmin",
    ]


def test_started_programs_are_the_machines(machine: MacMachine) -> None:
    program = (
        "import json, os, subprocess\n"
        "def out(*a, **k): return subprocess.run(a, capture_output=True, text=True, **k).stdout.strip()\n"
        "open('/tmp/s', 'w').write('#!/bin/sh\\nls /Users/Shared/.. | head -1; echo $1'); os.chmod('/tmp/s', 0o755)\n"
        "lines = out('/bin/sh', '-c', 'cat /etc/hosts | wc -l')\n"
        "script = out('/tmp/s', '/etc/x', cwd='/Library')\n"
        "who = [out('/usr/bin/uname', '-s'), out('whoami')]\n"
        "print(json.dumps([*who, script, lines, os.path.exists('/usr/bin/apt')]))"
    )
    system, user, script, lines, apt = python(machine, program)
    assert [system, user, lines.strip(), apt] == ["Darwin", "labadmin", "3", False]
    assert script == "Shared\n/etc/x"


def test_what_the_lab_has_installed_cannot_be_imported(machine: MacMachine) -> None:
    program = (
        "import json\ntry:\n    import asyncssh; print(json.dumps('found'))\n"
        "except ImportError as e:\n    print(json.dumps(e.name))"
    )
    assert python(machine, program) == "asyncssh"


def test_options_that_would_leave_the_overlay_off_are_refused(machine: MacMachine) -> None:
    done = run(machine, f"{PYTHON} -I -c 'import os; print(os.uname())'")
    assert (done.returncode, done.stderr) == (127, "lab: python -I is not modelled\n")
