"""The process that Ansible forks for one task on one endpoint."""

from __future__ import annotations

import gc


def leave_inherited_alone() -> None:
    """Keep the garbage collector from going through all that the forked process has of Ansible's own.

    Nothing of it will ever be garbage here, and each look copies its memory: nearly a tenth of what an audit costs.
    """
    gc.freeze()
