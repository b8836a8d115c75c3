"""Runs at the start of every Python on a simulated Mac (toolset.py puts its folder on PYTHONPATH): the overlay."""

import os
import sys

sys.path.insert(0, os.environ["LAB_MAC_PACKAGE"])
try:
    from lab.macos import processes
finally:
    sys.path.pop(0)

processes.install(os.environ["LAB_MAC_STATE"])
sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
