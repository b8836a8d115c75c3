"""The models that come with the lab, a file each, and those of whoever uses it (`up --models FOLDER`)."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from pathlib import Path


@cache
def load() -> None:
    """Import every file of this package once: adding a model is adding a file."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")


def load_folder(folder: Path) -> None:
    """Import a folder's Python files but those whose names begin with `_`: the models in them are registered.

    Whatever goes wrong in one is raised: a lab with half of its models would answer wrongly.
    """
    load()
    for file in sorted(folder.glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"lab_models_{file.stem}", file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is no Python file that can be imported")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
