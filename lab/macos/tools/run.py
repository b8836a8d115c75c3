"""Starts one stand-in: `run.py <module> <program> [arguments]`, with -I -S: it finds the package by its own place."""

from __future__ import annotations

import importlib
import os
import sys

sys.path.insert(0, os.path.abspath(f"{__file__}/../../../.."))

from lab.macos import processes
from lab.macos.tools.common import ToolError


def main() -> int:
    """Run it and return its exit code; the messages are those of the program."""
    module, program, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    session = processes.install(os.environ["LAB_MAC_STATE"])
    name = os.path.basename(program)
    tool = importlib.import_module(f"lab.macos.tools.{module}").TOOLS[name]
    try:
        code = tool(session, sys.argv[1:])
        sys.stdout.flush()
    except ToolError as failure:
        sys.stdout.flush()
        sys.stderr.write(failure.text)
        code = failure.code
    except BrokenPipeError:
        os._exit(1)
    return code


if __name__ == "__main__":
    sys.exit(main())
