"""The report page in the system's own Chromium, headless; playwright's download of a browser is not used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, sync_playwright

from tests.rendered import render
from tests.samples.fleet import WAIVERS, sample_fleet

NAMES = ("chromium", "chromium-browser", "google-chrome")
NONE = f"no Chromium: none of {', '.join(NAMES)} is in PATH; `apt-get install chromium`, or set CHROMIUM to its path"
Open = Callable[..., Page]


def program() -> str:
    """Return where Chromium is; without one, fail in CI and skip on a desk, where all else is still worth testing."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail(NONE)
    if found is None:
        pytest.skip(NONE)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The sandbox needs rights that a container does not have; the only page it opens is our own.
        yield playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(sample_fleet(), waivers=WAIVERS), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser: Browser, sample: Path, tmp_path: Path) -> Iterator[Open]:
    """Open a page, of the sample fleet unless records are given; what it must not do fails the test at its end."""
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(records: Any = None, *, waivers: Any = (), fragment: str = "", **how: Any) -> Page:
        path = sample
        if records is not None:
            path = tmp_path / f"report{len(contexts)}.html"
            path.write_text(render(records, waivers=waivers), encoding="utf-8")
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "timezone_id": "Asia/Tokyo", **how}
        )
        contexts.append(context)
        page = context.new_page()

        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                wrong.append(f"{message.type}: {message.text}")

        def on_dialog(dialog: Dialog) -> None:
            wrong.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        def on_request(request: Request) -> None:
            if request.url.partition("#")[0] != path.as_uri():
                wrong.append(f"request: {request.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", on_dialog)
        page.on("request", on_request)
        page.goto(f"{path.as_uri()}{fragment}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
