"""What the lab answers for a module, and what it leaves, is what the real module over Wine answers and leaves.

The calls are a table (module_calls.yml). A difference is mended in the lab, or the lab refuses such a call by name.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.windows.machine import Machine
from tests.real import module_calls, modules
from tests.real.endpoint import Endpoint


@pytest.fixture(scope="module")
def machine() -> Machine:
    return modules.machine()


@pytest.mark.parametrize("group", module_calls.GROUPS)
def test_the_lab_and_the_real_module_do_the_same(group: str, endpoint: Endpoint, machine: Machine) -> None:
    wrong: list[Any] = []
    for number, call in enumerate(module_calls.GROUPS[group], 1):
        simulated = modules.lab(machine, call.module, call.args, check=call.check)
        if call.refused:
            if not simulated["failed"] or not simulated["msg"].startswith(call.refused):
                wrong.append((number, call, "not refused", simulated))
            continue
        found = modules.real(endpoint, call.module, call.args, check=call.check)
        wrong += [(number, call, *line) for line in module_calls.differing(call, found, simulated)]
        left: Any = modules.real_files(endpoint)
        expected: Any = modules.lab_files(machine)
        if call.module.endswith("win_regedit"):
            left, expected = modules.real_keys(endpoint), modules.lab_keys(machine)
        if left != expected:
            wrong.append((number, call, "left", left, expected))
    assert wrong == [], "\n".join(map(str, wrong))
