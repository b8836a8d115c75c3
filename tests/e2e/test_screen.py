"""What a person sees of a run: real runs of small playbooks, whose screens are compared line by line."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import ROOT, program

STARTS = 49
TIMES = re.compile(r"\b(\d+ h \d\d min|\d+ min \d\d s|\d+ s)\b")
RIGHT = {"name": "Look", "ansible.builtin.assert": {"that": True, "quiet": True}}
CHANGE = {**RIGHT, "name": "Write", "changed_when": True}
FAIL = {"name": "Break", "ansible.builtin.fail": {"msg": "the disk is full"}}


def only_on(host: str, task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "when": f"inventory_hostname == '{host}'"}


class Screen:
    """Runs plays on endpoints that are this computer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, tasks: list[Any], options: tuple[str, ...], hosts: list[str], **play: Any) -> list[str]:
        plays = tasks if tasks and "hosts" in tasks[0] else [{"name": "Prepare", "tasks": tasks, **play}]
        for one in plays:
            one.setdefault("hosts", "all")
            one.setdefault("gather_facts", False)
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(plays, allow_unicode=True, sort_keys=False), encoding="utf-8")
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = self.folder / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": {name: {} for name in hosts}, "vars": local}}))
        # One after the other, so that the order of the lines is known.
        return [program("ansible-playbook"), "-i", str(inventory), str(path), "--forks", "1", *options]

    def run(
        self,
        tasks: list[Any],
        *options: str,
        hosts: list[str] | None = None,
        env: dict[str, str] | None = None,
        **play: Any,
    ) -> subprocess.CompletedProcess[str]:
        command = self.command(tasks, options, hosts or ["one", "two"], **play)
        environment = {**os.environ, **(env or {})}
        return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, env=environment, check=False)

    def lines(self, tasks: list[Any], *options: str, **more: Any) -> list[str]:
        done = self.run(tasks, *options, **more)
        return without_times(done.stdout)

    def terminal(self, tasks: list[Any], *options: str, env: dict[str, str] | None = None, **more: Any) -> str:
        """Return all that comes to a terminal of 80 columns."""
        command = self.command(tasks, options, more.pop("hosts", ["one", "two"]), **more)
        terminal, end = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", **(env or {})}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=end, stdout=end, stderr=end) as running:
            os.close(end)
            said = bytearray()
            try:
                while part := os.read(terminal, 65536):
                    said += part
            except OSError:
                # This is how Linux says that nobody writes any more.
                pass
            running.wait()
        os.close(terminal)
        return said.decode("utf-8")


def without_times(text: str) -> list[str]:
    return [TIMES.sub("T", line) for line in text.splitlines()]


def left_on_screen(said: str) -> list[str]:
    """Return what stays on a terminal: carriage returns and clearing to the end of the line are obeyed, colors not."""
    lines: list[list[str]] = [[]]
    at = 0
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[\s\S]", said):
        if token == "\r":
            at = 0
        elif token == "\n":
            lines.append([])
        elif token == "\x1b[K":
            del lines[-1][at:]
        elif not token.startswith("\x1b"):
            lines[-1][at : at + 1] = token
            at += 1
    return ["".join(line) for line in lines]


@pytest.fixture
def screen(tmp_path: Path) -> Screen:
    return Screen(tmp_path)


def test_changes_are_shown_one_a_line_and_what_was_right_is_not(screen):
    each = {**CHANGE, "loop": [{"what": "Server", "long": "x" * 99}], "loop_control": {"label": "{{ item.what }}"}}
    assert screen.lines([RIGHT, only_on("two", CHANGE), each]) == [
        "Prepare",
        "  two  changed  Write",
        "  one  changed  Write: Server",
        "  two  changed  Write: Server",
        "  2 of 2 endpoints, 2 changed, T",
        "",
        "In all: 2 of 2 endpoints, 2 changed, T",
        "",
    ]


def test_thirty_endpoints_with_nothing_to_change_are_four_lines(screen):
    hosts = [f"win-{number:02}" for number in range(1, 31)]
    assert screen.lines([RIGHT, RIGHT], hosts=hosts) == [
        "Prepare",
        "  30 of 30 endpoints, T",
        "",
        "In all: 30 of 30 endpoints, T",
        "",
    ]


def test_a_failure_is_shown_with_its_whole_reason_once_and_costs_its_endpoints(screen):
    fails = {**FAIL, "when": "inventory_hostname != 'three'"}
    fails["ansible.builtin.fail"] = {"msg": "the disk is full:\n  C: has 1 MB"}
    done = screen.run([fails, CHANGE], hosts=["one", "two", "three"])
    assert done.returncode == 2
    assert without_times(done.stdout) == [
        "Prepare",
        "  one  failed  Break",
        "      the disk is full:",
        "        C: has 1 MB",
        "  two  failed  Break (the same reason as one)",
        "  three  changed  Write",
        "  1 of 3 endpoints, 1 changed, 2 failed (one, two), T",
        "",
        "In all: 1 of 3 endpoints, 1 changed, 2 failed (one, two), T",
        "",
    ]
    assert done.stderr == ""


def test_a_command_that_fails_shows_what_it_said(screen):
    command = {"name": "Ask", "ansible.builtin.command": {"cmd": "ls /nowhere/at/all"}, "environment": {"LC_ALL": "C"}}
    lines = screen.lines([only_on("one", command)])
    assert lines[1] == "  one  failed  Ask"
    assert "non-zero return code" in lines[2]
    assert "/nowhere/at/all" in lines[3]
    assert lines[4:5] == ["  1 of 2 endpoints, 1 failed (one), T"]


def test_an_assertion_that_has_no_words_of_its_own_shows_what_is_not_so(screen):
    lines = screen.lines([only_on("one", {"ansible.builtin.assert": {"that": "1 > 2", "quiet": True}})])
    assert lines[1:4] == [
        "  one  failed  ansible.builtin.assert",
        "      Assertion failed",
        "      assertion failed: 1 > 2",
    ]


def test_who_does_not_answer_is_shown_with_what_the_connection_said(screen):
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    ask = {"name": "Ask", "ansible.builtin.ping": {}, "vars": away}
    done = screen.run([only_on("one", ask), RIGHT])
    lines = without_times(done.stdout)
    assert done.returncode == 4
    assert lines[1] == "  one  unreachable  Ask"
    assert lines[2].startswith("      Task failed: ")
    assert "Connection refused" in lines[2]
    assert lines[3:] == [
        "  1 of 2 endpoints, 1 unreachable (one), T",
        "",
        "In all: 1 of 2 endpoints, 1 unreachable (one), T",
        "",
    ]
    ignored = screen.lines([only_on("one", {**ask, "ignore_unreachable": True})])
    assert ignored[1] == "  one  unreachable (ignored)  Ask"
    assert ignored[-2] == "In all: 2 of 2 endpoints, T"
    loop = screen.lines([only_on("one", {**ask, "loop": ["a"]})])
    assert loop[1] == "  one  unreachable  Ask: a"
    assert loop[3] == "  1 of 2 endpoints, 1 unreachable (one), T"


@pytest.mark.parametrize("how", [{"run_once": True}, {"any_errors_fatal": True}])
def test_a_failure_that_ends_the_run_for_all_counts_for_all(screen, how):
    done = screen.run([{**FAIL, **how, "when": "inventory_hostname == 'one'"}, CHANGE], hosts=["one", "two"])
    assert done.returncode == 2
    assert without_times(done.stdout)[3:] == [
        "  0 of 2 endpoints, 2 failed (one, two), T",
        "",
        "In all: 0 of 2 endpoints, 2 failed (one, two), T",
        "",
    ]


def test_failures_that_are_ignored_are_shown_as_that(screen):
    done = screen.run([{**FAIL, "ignore_errors": True}, {**FAIL, "loop": ["a"], "ignore_errors": True}], hosts=["one"])
    assert done.returncode == 0
    assert without_times(done.stdout) == [
        "Prepare",
        "  one  failed (ignored)  Break",
        "      the disk is full",
        "  one  failed (ignored)  Break: a",
        "      the disk is full",
        "  1 of 1 endpoint, T",
        "",
        "In all: 1 of 1 endpoint, T",
        "",
    ]


def test_failures_that_are_rescued_are_shown_as_that(screen):
    (screen.folder / "inner.yml").write_text(yaml.safe_dump([FAIL]))
    role = screen.folder / "roles/inner/tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text(yaml.safe_dump([FAIL]))
    ways: dict[str, dict[str, Any]] = {
        "block": FAIL,
        "loop": {**FAIL, "loop": ["a"]},
        "nested": {"block": [{"block": [FAIL], "always": [RIGHT]}]},
        "include_tasks": {"ansible.builtin.include_tasks": "inner.yml"},
        "import_tasks": {"ansible.builtin.import_tasks": "inner.yml"},
        "role": {"ansible.builtin.include_role": {"name": "inner"}},
    }
    plays = [
        {"name": way, "hosts": "all", "tasks": [{"block": [task], "rescue": [CHANGE]}]} for way, task in ways.items()
    ]
    done = screen.run(plays, hosts=["one"])
    assert done.returncode == 0
    by_way: dict[str, list[str]] = {}
    for line in without_times(done.stdout):
        if not line.startswith(" "):
            way = line.partition(": ")[0]
        by_way.setdefault(way, []).append(line)
    for way in ways:
        label = ": a" if way == "loop" else ""
        assert f"  one  failed (rescued)  Break{label}" in by_way[way], way
        assert "  one  changed  Write" in by_way[way], way
    assert by_way["In all"] == ["In all: 1 of 1 endpoint, 1 changed, T"]


@pytest.mark.parametrize("section", ["rescue", "always"])
def test_what_fails_after_the_rescue_is_a_failure(screen, section):
    block = {"block": [FAIL], "rescue": [RIGHT], section: [{**FAIL, "name": "Mend"}]}
    done = screen.run([block], hosts=["one"])
    assert done.returncode == 2
    lines = without_times(done.stdout)
    assert lines[1] == "  one  failed (rescued)  Break"
    assert "  one  failed  Mend" in lines
    assert lines[-2] == "In all: 0 of 1 endpoint, 1 failed (one), T"


def test_items_that_fail_are_shown_each_and_their_sum_is_not(screen):
    each = {**FAIL, "ansible.builtin.fail": {"msg": "no {{ item }}"}, "loop": ["a", "b"]}
    assert screen.lines([each], hosts=["one"])[1:6] == [
        "  one  failed  Break: a",
        "      no a",
        "  one  failed  Break: b",
        "      no b",
        "  0 of 1 endpoint, 1 failed (one), T",
    ]


def test_a_dry_run_says_what_would_change_and_shows_differences_as_ansible_does(screen):
    write = {
        "name": "Write",
        "ansible.builtin.copy": {"dest": str(screen.folder / "made"), "content": "研究室\n", "mode": "0600"},
    }
    plain = screen.run([write], "--check", "--diff", hosts=["one"], env={"OFFSITE_OUTPUT": "ansible"})
    (difference,) = re.findall(r"TASK \[Write\] \*+\n(.*?)changed: \[one\]\n", plain.stdout, re.DOTALL)
    assert "+研究室" in difference
    done = screen.run([write], "--check", "--diff", hosts=["one"])
    assert done.stdout.startswith(f"Prepare\n  one  diff  Write\n{difference}  one  would change  Write\n")
    assert without_times(done.stdout)[-2] == "In all: 1 of 1 endpoint, 1 would change, T"


def test_what_an_endpoint_says_reaches_the_terminal_as_characters_alone(screen):
    bad = "a\x1b[2J\x1b]0;gone\x07\u202e\rb"
    mark = r"a\x1b[2J\x1b]0;gone\x07\u202e\rb"
    module = screen.folder / "library/hostile.py"
    module.parent.mkdir()
    module.write_text(
        "#!/usr/bin/python\nimport json\n# WANT_JSON\n"
        f"bad = {bad!r}\n"
        "print(json.dumps({'changed': True, 'warnings': ['warned ' + bad], 'diff': {'before': '', 'after': bad}}))\n"
    )
    tasks = [
        {**CHANGE, "name": f"Write {bad}", "loop": [bad]},
        {"name": "Ask", "hostile": {}},
        {"name": "Say", "ansible.builtin.debug": {"msg": bad}},
        {**FAIL, "ansible.builtin.fail": {"msg": bad}, "loop": [bad]},
    ]
    done = screen.run(tasks, "--diff", hosts=["one"], env={"ANSIBLE_FORCE_COLOR": "0"})
    assert mark in done.stdout
    assert f"warned {mark}" in done.stderr.replace("\n", "")
    for character in ("\x1b", "\x07", "\r", "\u202e"):
        assert character not in done.stdout
        assert character not in done.stderr
    assert f"  one  changed  Write {mark}: {mark}" in done.stdout.splitlines()
    assert f"+{mark}" in done.stdout
    assert f"  one  failed  Break: {mark}\n      {mark}\n" in done.stdout


def test_what_is_not_to_be_logged_stays_hidden(screen):
    hidden = {"ansible.builtin.fail": {"msg": "s3cret"}, "no_log": True}
    tasks = [
        {**CHANGE, "loop": ["s3cret"], "no_log": True},
        {"name": "Say", "ansible.builtin.debug": {"msg": "s3cret"}, "no_log": True},
        {"name": "Break", **hidden, "loop": ["s3cret"], "ignore_errors": True},
        {"name": "Break", **hidden},
    ]
    done = screen.run(tasks, hosts=["one"])
    assert "s3cret" not in done.stdout + done.stderr
    censored = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"
    lines = without_times(done.stdout)
    assert lines[1] == "  one  changed  Write: (censored due to no_log)"
    assert lines[-6:-4] == ["  one  failed  Break", f"      {censored}"]


def test_warnings_are_shown_once(screen):
    warns = {"name": "Ask", "ansible.builtin.command": "true", "register": "asked", "changed_when": False}
    module = screen.folder / "library/warns.py"
    module.parent.mkdir()
    module.write_text('#!/usr/bin/python\nprint(\'{"changed": false, "warnings": ["beware"]}\')\n# WANT_JSON\n')
    done = screen.run([warns, {"warns": {}}])
    assert done.stderr.count("[WARNING]: beware") == 1
    assert "beware" not in done.stdout


def test_what_a_task_is_there_to_say_is_said(screen):
    tasks = [
        {"name": "Say", "ansible.builtin.debug": {"msg": ["two", "lines"]}},
        {"name": "Show", "ansible.builtin.debug": {"var": "answer"}, "vars": {"answer": 42}},
    ]
    assert screen.lines(tasks, hosts=["one"])[1:7] == [
        "  one  says  Say",
        "      two",
        "      lines",
        "  one  says  Show",
        "      answer: 42",
        "  1 of 1 endpoint, T",
    ]


# What Ansible starts in the background it starts without quotes, and the environment may be in a folder with a blank.
PLAIN = {"ansible_python_interpreter": f"{sys.base_prefix}/bin/python3"}


def test_retries_delegation_includes_skips_async_and_once_make_no_lines(screen):
    (screen.folder / "inner.yml").write_text(yaml.safe_dump([RIGHT]))
    tasks = [
        {**RIGHT, "until": "tried.attempts == 2", "retries": 2, "delay": 0, "register": "tried"},
        {**RIGHT, "delegate_to": "two"},
        {"ansible.builtin.include_tasks": "inner.yml"},
        {**CHANGE, "when": False},
        {"ansible.builtin.command": "true", "async": 20, "poll": 1, "changed_when": False, "vars": PLAIN},
        {**RIGHT, "run_once": True},
    ]
    assert screen.lines(tasks)[:2] == ["Prepare", "  2 of 2 endpoints, T"]
    once = [{**RIGHT, "run_once": True}]
    assert screen.lines(once)[:2] == ["Prepare", "  2 of 2 endpoints, T"]
    assert screen.lines([{**RIGHT, "when": False}])[:2] == ["Prepare", "  nothing to do"]
    delegated = {**CHANGE, "delegate_to": "three"}
    assert screen.lines([delegated], hosts=["one"])[1] == "  one -> three  changed  Write"


def test_each_role_of_a_play_has_its_line_and_its_own_numbers(screen):
    for name, tasks in {
        "outer": [{"ansible.builtin.include_role": {"name": "inner"}}, only_on("one", FAIL)],
        "inner": [CHANGE],
    }.items():
        folder = screen.folder / f"roles/{name}/tasks"
        folder.mkdir(parents=True)
        (folder / "main.yml").write_text(yaml.safe_dump(tasks))
    assert screen.lines([RIGHT], roles=["outer", "inner"]) == [
        "Prepare: outer",
        "  one  changed  Write",
        "  two  changed  Write",
        "  one  failed  Break",
        "      the disk is full",
        "  1 of 2 endpoints, 2 changed, 1 failed (one), T",
        "Prepare: inner",
        "  two  changed  Write",
        "  1 of 2 endpoints, 1 changed, T",
        "Prepare",
        "  1 of 2 endpoints, T",
        "",
        "In all: 1 of 2 endpoints, 2 changed, 1 failed (one), T",
        "",
    ]


def test_plays_for_nobody_and_for_this_computer_count_no_endpoints(screen):
    plays = [
        {"name": "Prepare the office PCs", "hosts": "all:!one:!two", "tasks": [RIGHT]},
        {"name": "Write a page", "hosts": "localhost", "tasks": [RIGHT], "gather_facts": False},
    ]
    assert screen.lines(plays) == [
        "Prepare the office PCs: no endpoint in this run",
        "Write a page",
        "  done, T",
        "",
        "In all: done, T",
        "",
    ]


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_endpoints_that_go_on_each_at_its_own_pace_are_one_phase(screen, strategy):
    folder = screen.folder / "roles/inner/tasks"
    folder.mkdir(parents=True)
    (folder / "main.yml").write_text(yaml.safe_dump([RIGHT, CHANGE]))
    lines = screen.lines([only_on("one", FAIL)], roles=["inner"], strategy=strategy)
    assert lines[0] == "Prepare"
    assert sorted(lines[1:-4]) == [
        "      the disk is full",
        "  one  changed  Write",
        "  one  failed  Break",
        "  two  changed  Write",
    ]
    assert lines[-4:] == [
        "  1 of 2 endpoints, 2 changed, 1 failed (one), T",
        "",
        "In all: 1 of 2 endpoints, 2 changed, 1 failed (one), T",
        "",
    ]


EVERYTHING = [
    RIGHT,
    CHANGE,
    {**CHANGE, "loop": ["a", "b"]},
    {**CHANGE, "when": False},
    {**FAIL, "ignore_errors": True},
    {"block": [FAIL], "rescue": [{"ansible.builtin.debug": {"msg": "mended"}}]},
    {**RIGHT, "run_once": True, "delegate_to": "localhost"},
    only_on("one", FAIL),
]


@pytest.mark.parametrize(
    ("options", "color"),
    [(("-v",), "1"), (("-vv", "--check", "--diff"), "0"), ((), "1")],
    ids=["-v", "-vv", "setting"],
)
def test_with_v_or_by_the_setting_it_is_ansible_s_own_output(screen, options, color):
    setting = {} if options else {"OFFSITE_OUTPUT": "ansible"}
    colors = {"ANSIBLE_FORCE_COLOR": color}
    own = screen.run(EVERYTHING, *options, env={**setting, **colors})
    plain = screen.run(EVERYTHING, *options, env={"ANSIBLE_STDOUT_CALLBACK": "default", **colors})
    loading = "Skipping callback '"
    assert [line for line in own.stdout.splitlines(True) if loading not in line] == [
        line for line in plain.stdout.splitlines(True) if loading not in line
    ]
    assert own.stderr == plain.stderr
    assert own.returncode == plain.returncode == 2
    assert "PLAY RECAP" in own.stdout


def test_a_setting_that_is_none_is_refused(screen):
    done = screen.run([RIGHT], env={"OFFSITE_OUTPUT": "loud"})
    assert done.returncode != 0
    assert "progress" in done.stderr
    assert "ansible" in done.stderr


def test_the_setting_may_stand_in_a_configuration_file(screen):
    config = screen.folder / "ansible.cfg"
    text = (ROOT / "ansible.cfg").read_text()
    for folder in ("roles", "plugins/"):
        text = text.replace(f"= {folder}", f"= {ROOT}/{folder}")
    config.write_text(f"{text}\n[offsite_endpoints]\noutput = ansible\n")
    done = screen.run([RIGHT], env={"ANSIBLE_CONFIG": str(config)})
    assert "PLAY RECAP" in done.stdout


def test_on_a_terminal_the_last_line_is_written_over_and_what_stays_is_the_same(screen):
    tasks = [{**CHANGE, "name": "Write 研究室"}, only_on("two", FAIL), {**RIGHT, "name": "Look"}]
    said = screen.terminal(tasks, env={"NO_COLOR": "1"})
    live = [TIMES.sub("T", line) for line in re.findall(r"\r(  \d[^\r\x1b]*)\x1b\[K\r", said)]
    assert live[0] == "  0 of 0 endpoints, T: Write 研究室"
    assert "  0 of 1 endpoint, T: Write 研究室 (one)" in live
    assert "  1 of 2 endpoints, T: Write 研究室 (two)" in live
    assert "  2 of 2 endpoints, T: Write 研究室" in live
    assert set(re.findall(r"\x1b\[[0-9;]*[A-Za-z]", said)) == {"\x1b[K"}
    assert without_times("\n".join(left_on_screen(said))) == [
        "Prepare",
        "  one  changed  Write 研究室",
        "  two  changed  Write 研究室",
        "  two  failed  Break",
        "      the disk is full",
        "  1 of 2 endpoints, 2 changed, 1 failed (two), T",
        "",
        "In all: 1 of 2 endpoints, 2 changed, 1 failed (two), T",
        "",
    ]


def test_the_line_fits_into_the_terminal_however_wide_its_characters_are(screen):
    said = screen.terminal([{**RIGHT, "name": "研究室" * 30}])
    live = re.findall(r"\r(  \d[^\r\x1b]*)\x1b\[K\r", said)
    assert live
    for line in live:
        assert 70 < sum(2 if unicodedata.east_asian_width(one) in "FW" else 1 for one in line) < 80


def test_the_time_goes_on_while_an_endpoint_is_waited_for(screen):
    said = screen.terminal([{"name": "Wait", "ansible.builtin.command": "sleep 3.5"}], hosts=["one"])
    live = re.findall(r"\r  0 of 1 endpoint, (\d+ s): Wait \(one\)\x1b\[K\r", said)
    assert len(set(live)) >= 3


def test_a_dumb_terminal_has_no_line_that_is_written_over(screen):
    said = screen.terminal([CHANGE], env={"TERM": "dumb", "ANSIBLE_NOCOLOR": "1"})
    assert "\x1b" not in said
    assert [TIMES.sub("T", line) for line in said.splitlines()][:3] == [
        "Prepare",
        "  one  changed  Write",
        "  two  changed  Write",
    ]


def test_colors_are_ansible_s_and_only_on_a_terminal(screen):
    assert "\x1b[0;33m  one  changed  Write\x1b[0m" in screen.terminal([CHANGE])
    assert "\x1b" not in screen.run([CHANGE]).stdout


OTHER = """
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "other"

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._display.display(f"OTHER sees {task.name}")

    def v2_runner_on_ok(self, result):
        self._display.warning(f"OTHER warns of {result.host.get_name()}")
"""


def test_other_callbacks_and_warnings_do_not_meet_the_line(screen):
    (screen.folder / "other.py").write_text(OTHER)
    said = screen.terminal([CHANGE], env={"ANSIBLE_CALLBACK_PLUGINS": str(screen.folder), "NO_COLOR": "1"})
    assert without_times("\n".join(left_on_screen(said)))[:7] == [
        "Prepare",
        "OTHER sees Write",
        "  one  changed  Write",
        "[WARNING]: OTHER warns of one",
        "  two  changed  Write",
        "[WARNING]: OTHER warns of two",
        "  2 of 2 endpoints, 2 changed, T",
    ]


def audit_of_thirty(
    tmp_path: Path, given: dict[str, Any] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    away = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "it", "ansible_password": "x"}
    hosts = {f"win-{number:02}": away for number in range(1, 31)}
    groups = {"windows": {"hosts": hosts}, "laptops": {"hosts": {name: {} for name in hosts}}}
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"all": {"children": groups}}))
    command = [program("ansible-playbook"), "-i", str(inventory), "-i", "inventory/lab", "playbooks/audit.yml"]
    only = {"endpoint_roles": ["time_sync"], "ansible_connection": "winrm"}
    variables = {"endpoint_report_directory": f"{tmp_path}/records", **only, **(given or {})}
    return subprocess.run(
        [*command, "-e", json.dumps(variables)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_verdict_is_the_last_line_and_is_not_said_thirty_times_before(tmp_path):
    done = audit_of_thirty(tmp_path)
    assert done.returncode == 2, done.stderr
    before, _, after = done.stdout.partition("\nIn all: ")
    assert "failed" not in before
    assert "RECAP" not in done.stdout
    assert before.count("unreachable  ") == 30
    assert before.count("refuses port 1: the machine is on") == 1
    assert len(before.splitlines()) <= 30 + 12
    assert without_times(after)[:2] == [
        "0 of 30 endpoints, 30 unreachable (win-01, win-02, win-03, win-04, win-05 and 25 more), T",
        "",
    ]
    assert done.stdout.splitlines()[-1] == (
        "Not good: nothing was measured; 30 endpoints not measured (30 unreachable)"
    )


def test_without_the_verdict_s_callback_every_verdict_is_shown_as_a_failure(tmp_path):
    done = audit_of_thirty(tmp_path, ANSIBLE_CALLBACKS_ENABLED="ansible.posix.timer")
    assert len(re.findall(r"^  win-\d\d  failed  ", done.stdout, re.MULTILINE)) == 30


REPORTED = {
    **{
        "table": "the table",
        "waivers": "",
        "news": "",
        "data": "",
        "path": "",
        "reports": {},
        "good": True,
        "verdict": "Good: all",
    },
    "notification": {"subject": "1 new", "text": "1 new", "json": {}},
}


def test_a_mail_and_a_webhook_that_fail_are_reported_once_and_last(screen):
    module = screen.folder / "library/endpoint_report.py"
    module.parent.mkdir()
    module.write_text(
        f"#!/usr/bin/python\nimport json\n# WANT_JSON\nprint(json.dumps({{'endpoint_report': {REPORTED!r}}}))\n"
    )
    given = {
        **{"endpoint_report_mail_to": ["it@example.org"], "endpoint_report_mail_port": 9},
        "endpoint_report_webhook_url": "http://127.0.0.1:9/T0KEN",
    }
    tasks = [
        {"endpoint_report": {}, "register": "__endpoint_report", "run_once": True},
        {"ansible.builtin.import_role": {"name": "offsite.endpoints.endpoint_report", "tasks_from": "notify"}},
    ]
    hosts = [f"win-{number:02}" for number in range(1, 31)]
    done = screen.run(tasks, hosts=hosts, vars=given)
    assert done.returncode == 2
    assert done.stdout.count("not everybody could be notified") == 1
    assert "  failed  " not in done.stdout
    assert "T0KEN" not in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Good: all; not everybody could be notified: mail: ")
    assert last.count("Connection refused") == 2


def test_why_a_run_is_refused_is_reported_once_with_all_its_reasons_and_whom_they_concern(tmp_path):
    wrong = {"endpoint_report_langauge": "ja", "time_sync_max_offset_secs": 9}
    done = audit_of_thirty(tmp_path, wrong)
    assert done.returncode == 2
    lines = without_times(done.stdout)
    assert lines[1:4] == [
        "  0 of 30 endpoints, 30 failed (win-01, win-02, win-03, win-04, win-05 and 25 more), T",
        "",
        "In all: 0 of 30 endpoints, 30 failed (win-01, win-02, win-03, win-04, win-05 and 25 more), T",
    ]
    assert lines[5] == "Refused, no endpoint was reached:"
    assert sorted(line.partition(" See ")[0] for line in lines[6:]) == [
        "win-01, win-02, win-03 and 27 more: endpoint_report_langauge: endpoint_report has no such variable. Did you "
        "mean endpoint_report_language?",
        "win-01, win-02, win-03 and 27 more: time_sync_max_offset_secs: time_sync has no such variable. Did you mean "
        "time_sync_servers?",
    ]


def test_without_the_verdict_s_callback_a_refusal_is_shown_as_it_happens(tmp_path):
    wrong = {"endpoint_report_langauge": "ja"}
    done = audit_of_thirty(tmp_path, wrong, ANSIBLE_CALLBACKS_ENABLED="ansible.posix.timer")
    assert done.stdout.count("endpoint_report_langauge: endpoint_report has no such variable") == 1
