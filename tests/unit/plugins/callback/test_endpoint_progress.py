"""What the screen says of a failure: the tool's own words, and what to do about it."""

from __future__ import annotations

import pytest

from plugins.callback.endpoint_progress import reason

CURE = "Give the password of this user for sudo: --ask-become-pass"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"msg": "failed to validate", "stderr": "x:3: syntax error\n"}, "failed to validate\nx:3: syntax error"),
        ({"msg": "MODULE FAILURE", "module_stderr": "sudo: a password is required"}, f"is required\n{CURE}"),
        # What the records say has the cure already.
        ({"msg": f"Missing sudo password. {CURE}"}, f"Missing sudo password. {CURE}"),
        ({}, "it gave no reason; -v shows all that it answered"),
    ],
)
def test_a_failure_is_shown_with_its_cause_and_its_cure(result, words):
    assert reason(result).endswith(words)
    assert reason(result).count(CURE) == words.count(CURE)
