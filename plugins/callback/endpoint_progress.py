"""Show a run as a person wants to see it: how far it is, what changed, what failed and why; -v shows Ansible's own."""

from __future__ import annotations

import dataclasses
import functools
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible import constants
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as DefaultCallback

from ..plugin_utils.reports.registry_diff import meant
from ..plugin_utils.reports.screen import LiveLine, duration, names, nothing_raw, takes_updates
from ..plugin_utils.reports.visible import visible
from ..plugin_utils.values.bounded import LONGEST, LONGEST_WHOLE, cut, masked
from ..plugin_utils.values.causes import advice

DOCUMENTATION = r"""
name: endpoint_progress
type: stdout
short_description: Show the progress of a run on many endpoints
description:
  - Shows a run on many endpoints as a person wants to see it. One line says which play and role begins, one line each
    says what changed, what failed is shown with its reason as it happens, and one line at the end of each role says how
    many of how many endpoints came through, and how long it took. What was right already or skipped is not shown.
  - On a terminal the last line says how far the present task is and whom it waits for, and is written over in place. In
    a pipe, in a file, and with E(TERM=dumb), there is no such line.
  - Warnings, deprecations and C(--diff) are shown as Ansible does, but for bytes in the registry, which stand there as
    what they mean (a connection's proxy) or in one line. Ansible's recap gives way to one line on the whole
    run; the P(offsite.endpoints.endpoint_verdict#callback) callback shows its table and its verdict after that.
    Failures that only repeat this verdict are not shown one by one.
  - What cannot be shown as a character (control characters, escape sequences, marks that turn the reading direction)
    is shown as its escape, wherever it comes from.
  - A text of more than some thousand characters is cut, and says so. A password in a URL, and what looks like a token
    in one, is shown as C(***).
  - With any C(-v), or with O(output=ansible), the output is that of P(ansible.builtin.default#callback), but for those
    characters and secrets.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
options:
  output:
    description: What is shown.
    type: str
    default: progress
    choices:
      progress: The progress of the run.
      ansible: Ansible's own output, as P(ansible.builtin.default#callback) shows it.
    env:
      - name: OFFSITE_OUTPUT
    ini:
      - section: offsite_endpoints
        key: output
requirements:
  - set as C(stdout_callback) in the configuration
seealso:
  - plugin: ansible.builtin.default
    plugin_type: callback
"""

LONGEST_LABEL = 500
FREE = ("free", "host_pinned")
COLORS = {
    "failed": constants.COLOR_ERROR,
    "not read": constants.COLOR_ERROR,
    "unreachable": constants.COLOR_UNREACHABLE,
}


@dataclasses.dataclass
class Count:
    """What became of the endpoints in a role or in the whole run."""

    hosts: set[str]
    begun: float = dataclasses.field(default_factory=time.monotonic)
    reached: set[str] = dataclasses.field(default_factory=set)
    changed: set[str] = dataclasses.field(default_factory=set)
    failed: set[str] = dataclasses.field(default_factory=set)
    unreachable: set[str] = dataclasses.field(default_factory=set)
    idle: bool = True

    def sentence(self, change: str) -> str:
        """Return it in words."""
        if self.idle:
            return "nothing to do"
        through = self.reached - self.failed - self.unreachable
        parts = [f"{len(through)} of {endpoints(len(self.hosts))}"]
        if self.changed:
            parts.append(f"{len(self.changed)} {change}")
        parts += [
            f"{len(lost)} {word} ({names(lost)})"
            for word, lost in (("failed", self.failed), ("unreachable", self.unreachable))
            if lost
        ]
        if self.hosts <= {"localhost"}:
            # The controller is no endpoint.
            parts = ["failed" if self.failed else "done"]
        return ", ".join([*parts, duration(time.monotonic() - self.begun)])


@dataclasses.dataclass
class Phase:
    """A role in a play, or the tasks of a play between its roles."""

    key: tuple[str, str]
    count: Count
    step: str = ""
    started: set[str] = dataclasses.field(default_factory=set)
    busy: set[str] = dataclasses.field(default_factory=set)


def unless_ansible(method: Callable[..., None]) -> Callable[..., None]:
    """Leave an event to Ansible's own callback when its output is wanted."""

    @functools.wraps(method)
    def either(self: CallbackModule, *args: Any, **options: Any) -> None:
        if self.ansible:
            getattr(super(CallbackModule, self), method.__name__)(*args, **options)
        else:
            method(self, *args, **options)

    return either


class CallbackModule(DefaultCallback):
    """Count, show what a person waits for, and leave the rest out."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "endpoint_progress"

    def __init__(self) -> None:
        super().__init__()
        nothing_raw(self._display)
        self.ansible = True
        self._live: LiveLine | None = None
        self._free = False
        self._phase: Phase | None = None
        self._all = Count(set())
        self._hosts: set[str] = set()
        self._unread: dict[str, str] = {}
        self._reasons: dict[tuple[str, str, str], str] = {}
        self._report: Mapping[str, Any] | None = None
        self._dry = False

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Decide whose output is shown."""
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        self.ansible = self._display.verbosity > 0 or self.get_option("output") == "ansible"

    # Plays and tasks

    @unless_ansible
    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Begin to count."""
        if takes_updates():
            self._live = LiveLine(self._display)

    @unless_ansible
    def v2_playbook_on_vars_prompt(self, *args: Any, **options: Any) -> None:
        """Make room for a question."""
        self._close()

    @unless_ansible
    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Note whom a play is about; its line comes with its first task."""
        self._close()
        self._play = play
        self._free = play.strategy.rpartition(".")[2] in FREE
        variables = play.get_variable_manager().get_vars(play=play, include_hostvars=False)
        self._hosts = set(variables["ansible_play_batch"])

    @unless_ansible
    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Say which play has nobody."""
        self._say(f"{self._title()}: no endpoint in this run", constants.COLOR_SKIP)

    @unless_ansible
    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """Say why the play ends here."""
        self._say("  no endpoint is left to go on with", constants.COLOR_ERROR)

    @unless_ansible
    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Begin a task, and with it perhaps a role."""
        # What is done to Ansible itself is nothing that a person waits for.
        if task.action.rpartition(".")[2] != "meta":
            self._begin(task)

    @unless_ansible
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Begin a handler."""
        self._begin(task)

    @unless_ansible
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note whom the task waits for."""
        if self._phase is not None:
            self._phase.started.add(host.get_name())
            self._phase.busy.add(host.get_name())
        self._draw()

    @unless_ansible
    def v2_playbook_on_stats(self, stats: Any) -> None:
        """End with one line on the whole run."""
        self._close()
        self._say(f"\nIn all: {self._all.sentence(self._change())}")
        self._say("")

    # Results

    @unless_ansible
    def v2_runner_on_ok(self, result: Any) -> None:
        """Show a change, or what a task was there to say."""
        self._warn(result)
        action = result.task.action.rpartition(".")[2]
        if action in ("endpoint_compare", "endpoint_read_back"):
            self._show_unread(result)
        elif action in ("endpoint_report", "endpoint_records"):
            self._report = result.result.get("endpoint_report")
        elif action == "debug" and not result.task.loop:
            self._speak(result)
        if result.is_changed() and not isinstance(result.task, TaskInclude):
            self._note("changed", result)
            if not result.task.loop:
                self._line(result, self._change(result), constants.COLOR_CHANGED)
        self._end(result)

    @unless_ansible
    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Show the change of one item."""
        self._warn(result)
        if result.task.action.rpartition(".")[2] == "debug":
            self._speak(result)
        if result.is_changed() and not isinstance(result.task, TaskInclude):
            self._line(result, self._change(result), constants.COLOR_CHANGED, self._label(result))
        self._draw()

    @unless_ansible
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Show a failure with its reason; one that is dealt with is no failure of the endpoint."""
        self._warn(result)
        if not self._repeats_verdict(result):
            status = failure(result.task, ignore_errors)
            if status == "failed":
                for_all = result.task.run_once or result.task.any_errors_fatal
                self._note("failed", result, self._hosts if for_all else None)
            if not result.result.get("results") and not is_refusal(result.task):
                self._block(result, status)
        self._end(result)

    @unless_ansible
    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Show the failure of one item; one that did not answer comes here, too."""
        self._warn(result)
        status = failure(result.task, bool(result.task.ignore_errors))
        if result.is_unreachable():
            status = silence(result.task)
        self._block(result, status, self._label(result))
        self._draw()

    @unless_ansible
    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Show who did not answer, and what the connection said."""
        self._warn(result)
        status = silence(result.task)
        if status == "unreachable":
            self._note("unreachable", result)
        if not result.result.get("results"):
            self._block(result, status)
        self._end(result)

    @unless_ansible
    def v2_runner_on_skipped(self, result: Any) -> None:
        """Count it."""
        self._warn(result)
        self._end(result, idle=True)

    @unless_ansible
    def v2_on_file_diff(self, result: Any) -> None:
        """Show a difference as Ansible does, and whose it is; bytes of the registry by what they mean."""
        if result.result.get("results") or not result.is_changed():
            return
        text = self._get_diff(shown(meant(result.result.get("diff") or [])))
        if text:
            self._line(result, "diff", None)
            self._display.display(text)

    @unless_ansible
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        """Say nothing."""

    @unless_ansible
    def v2_playbook_on_include(self, included_file: Any) -> None:
        """Say nothing."""

    @unless_ansible
    def v2_runner_retry(self, result: Any) -> None:
        """Say nothing: what comes of it is said."""

    @unless_ansible
    def v2_runner_on_async_poll(self, result: Any) -> None:
        """Say nothing."""

    @unless_ansible
    def v2_runner_on_async_ok(self, result: Any) -> None:
        """Say nothing: the task's own result follows."""

    @unless_ansible
    def v2_runner_on_async_failed(self, result: Any) -> None:
        """Say nothing: the task's own result follows."""

    @unless_ansible
    def v2_playbook_on_notify(self, handler: Any, host: Any) -> None:
        """Say nothing."""

    # What the events have in common

    def _title(self) -> str:
        return visible(self._play.get_name().strip())

    def _begin(self, task: Any) -> None:
        key = (self._play._uuid, "" if self._free else outermost_role(task))
        if self._phase is None or self._phase.key != key:
            self._close()
            self._phase = Phase(key, Count(self._hosts))
            self._all.hosts |= self._hosts
            role = f": {visible(key[1])}" if key[1] else ""
            self._say(f"{self._title()}{role}")
        self._phase.step = visible(task.name or task.action)
        if not self._free:
            self._reasons.clear()
            self._phase.started.clear()
            self._phase.busy.clear()
        self._dry = task.check_mode
        self._draw()

    def _close(self) -> None:
        if self._phase is not None:
            self._say(f"  {self._phase.count.sentence(self._change())}")
        self._phase = None

    def _change(self, result: Any = None) -> str:
        return "would change" if (self._dry if result is None else result.task.check_mode) else "changed"

    def _counts(self) -> list[Count]:
        return [self._all] if self._phase is None else [self._all, self._phase.count]

    def _end(self, result: Any, *, idle: bool = False) -> None:
        """An endpoint is through with the task; with a task that is run once, all of them are."""
        host = result.host.get_name()
        done = (self._hosts if result.task.run_once else {host}) - self._all.failed - self._all.unreachable
        for count in self._counts():
            count.reached |= done
            count.idle = count.idle and idle
        if self._phase is not None:
            self._phase.busy.discard(host)
        self._draw()

    def _note(self, what: str, result: Any, hosts: set[str] | None = None) -> None:
        for count in self._counts():
            getattr(count, what).update(hosts or {result.host.get_name()})

    def _draw(self) -> None:
        if self._live is None or self._phase is None:
            return
        busy, started = self._phase.busy, self._phase.started
        waiting = f" ({names(busy)})" if 0 < len(busy) <= 3 < len(started) or len(busy) == 1 else ""
        done = f"  {len(started) - len(busy)} of {endpoints(len(started))}, " if self._hosts != {"localhost"} else "  "
        self._live.show(done, self._phase.count.begun, f": {self._phase.step}{waiting}")

    def _say(self, text: str, color: str | None = None, *, stderr: bool = False) -> None:
        """Show whole lines, at once also where nobody reads line by line."""
        self._display.display(text, color=color, stderr=stderr)
        sys.stdout.flush()

    def _line(self, result: Any, status: str, color: str | None, label: str = "", more: str = "") -> None:
        host = result.host.get_name()
        delegate = result.task.delegate_to
        where = f" -> {delegate}" if delegate and delegate != host else ""
        item = f": {label}" if label else ""
        name = result.task.name or result.task.action
        bad = status in COLORS
        text = f"  {visible(host + where)}  {status}  {visible(name + item)}{more}"
        self._say(text, color, stderr=bad and self.get_option("display_failed_stderr"))

    def _block(self, result: Any, status: str, label: str = "", said: str = "") -> None:
        """Show a failure and its whole reason; what fails everywhere for one reason shows the reason once."""
        color = COLORS.get(status, constants.COLOR_WARN)
        words = reason({"msg": said} if said else result.result)
        first = self._reasons.setdefault((result.task._uuid, status, words), result.host.get_name())
        if first != result.host.get_name():
            self._line(result, status, color, label, more=f" (the same reason as {visible(first)})")
        else:
            self._line(result, status, color, label, more="\n" + textwrap.indent(words, "      "))

    def _label(self, result: Any) -> str:
        return cut(str(self._get_item_label(result.result)), LONGEST_LABEL)

    def _warn(self, result: Any) -> None:
        for warning in result.warnings:
            self._display._warning(shown(warning))
        for deprecation in result.deprecations:
            self._display._deprecated(shown(deprecation))

    def _show_unread(self, result: Any) -> None:
        """Show at once who could not be read; for Ansible that is a good answer, since it goes into the records."""
        host = result.host.get_name()
        state = result.result.get("endpoint", {})
        error = state.get("error") or ""
        if error and self._unread.get(host) != error:
            self._note("failed" if state.get("reachable") else "unreachable", result)
            self._block(result, "not read" if state.get("reachable") else "unreachable", said=error)
        self._unread[host] = error

    def _speak(self, result: Any) -> None:
        """Show what a task was written to say."""
        self._clean_results(result.result, result.task.action)
        said = result.result.get("msg")
        lines = [said] if isinstance(said, str) else said
        if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            text = "\n".join(lines)
        else:
            text = textwrap.dedent(self._dump_results(result.result).strip("\n"))
        self._line(result, "says", None, more="\n" + textwrap.indent(visible(text, keep="\n\t"), "      "))

    def _repeats_verdict(self, result: Any) -> bool:
        """Say whether a failure only says what table and verdict will say at the end of the run."""
        if self._report is None or not verdict_follows() or result.task.action.rpartition(".")[2] != "assert":
            return False
        own = self._report.get("endpoints", {}).get(result.host.get_name(), {}).get("verdict")
        said = str(result.result.get("msg"))
        # What is said of all at once begins with the verdict on all.
        return said == own or said.startswith(self._report["verdict"])


def verdict_follows() -> bool:
    """Say whether table and verdict, or why a run was refused, are shown at the end of the run."""
    return any(name.rpartition(".")[2] == "endpoint_verdict" for name in constants.CALLBACKS_ENABLED)


def is_refusal(task: Any) -> bool:
    """Say whether a task that failed has refused the whole run, which is shown at its end."""
    return verdict_follows() and task.run_once and task.action.rpartition(".")[2] == "endpoint_validate"


def endpoints(number: int) -> str:
    """Return a number of endpoints in words."""
    return f"{number} endpoint{'' if number == 1 else 's'}"


def outermost_role(task: Any) -> str:
    """Return the role that the play names, also for the tasks of a role that it includes."""
    role, one = task._role, task._parent
    while one is not None:
        role, one = getattr(one, "_role", None) or role, one._parent
    return "" if role is None else str(role.get_name(include_role_fqcn=False))


def failure(task: Any, ignored: bool) -> str:
    """Return what a failed task is to the run."""
    if ignored:
        return "failed (ignored)"
    return "failed (rescued)" if is_rescued(task) else "failed"


def silence(task: Any) -> str:
    """Return what an endpoint that does not answer is to the run."""
    return "unreachable (ignored)" if task.ignore_unreachable else "unreachable"


def is_rescued(task: Any) -> bool:
    """Say whether a block around the task takes a failure up.

    Ansible has decided that before the event, but does not pass it on.
    """
    way, one = {task._uuid}, task._parent
    while one is not None:
        # A task of the rescue itself is not rescued by it.
        if getattr(one, "rescue", None) and any(inner._uuid in way for inner in one.block):
            return True
        way.add(one._uuid)
        one = one._parent
    return False


def reason(result: Mapping[str, Any]) -> str:
    """Return why a task failed, in its own words."""
    if "censored" in result:
        return str(result["censored"])
    said = result.get("msg") or ""
    words = ["\n".join(map(str, said)) if isinstance(said, list) else str(said).strip()]
    if "assertion" in result:
        words.append(f"assertion failed: {result['assertion']}")
    # "non-zero return code" and "see stderr" are no reasons.
    outputs = (str(result.get(name) or "").strip() for name in ("stderr", "stdout", "module_stderr", "module_stdout"))
    words.append(next((output for output in outputs if output and output not in words[0]), ""))
    text = "\n".join(word for word in words if word)
    # What goes into the records has it already.
    if (advised := advice(text)) and advised[1:] not in text:
        text += f"\n{advised[0].upper()}{advised[1:]}"
    text = cut(masked(text), LONGEST)
    return visible(text.replace("\r\n", "\n"), keep="\n\t") or "it gave no reason; -v shows all that it answered"


def shown(value: Any) -> Any:
    """Return what Ansible is to show, with every character of it visible."""
    if isinstance(value, str):
        return visible(cut(masked(value), LONGEST_WHOLE).replace("\r\n", "\n"), keep="\n\t")
    if isinstance(value, Mapping):
        return {shown(key): shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(shown(one) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: shown(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return dataclasses.replace(value, **fields)
    return value
