"""A plugin for pytest: what one run of the tests has worked out and kept is not there in the next.

mutmut runs the tests once, and then for each breakage in a copy of the same process. There a function with a cache
would answer as it did before anything was broken.
"""

from __future__ import annotations

import functools
import gc


def pytest_sessionstart() -> None:
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper) and str(one.__module__).startswith("plugins."):
            one.cache_clear()
