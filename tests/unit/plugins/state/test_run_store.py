"""What a run knows, from one task to the next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.plugin_utils.state import run_store
from plugins.plugin_utils.state.run_store import Known, RunStore


def test_of_an_endpoint_that_nobody_met_nothing_is_known(store: RunStore) -> None:
    assert store.endpoint("nb-1") == Known()
    assert store.endpoint("nb-1").state is None
    assert store.shared("desired") is None


def test_what_one_task_keeps_another_one_finds(store: RunStore) -> None:
    known = Known(
        state={"reachable": True, "document": {"n": [1, "日本語", None]}},
        roles={"vpn": "what it wants"},
        reading=2,
        compared={"vpn": 2},
        plans={"vpn": {"has_writes": True}},
        records={"vpn": [{"status": "drifted"}]},
        pending={"vpn": {"written": []}},
    )
    store.keep("nb-1", known)
    store.keep("nb-2", Known(reading=7))
    assert RunStore().endpoint("nb-1") == known
    assert RunStore().endpoint("nb-2").reading == 7


@pytest.mark.parametrize("host", ["../../up", "a/b", "", "ノート", "x" * 300, "lone \udce3"])
def test_a_host_may_be_called_anything(store: RunStore, tmp_path: Path, host: str) -> None:
    store.keep(host, Known(reading=1))
    assert store.endpoint(host).reading == 1
    assert [*tmp_path.iterdir()] == [tmp_path / "run"]


def test_another_run_knows_nothing_of_it(store: RunStore, tmp_path: Path) -> None:
    store.share("key", 1)
    assert RunStore(str(tmp_path)).shared("key") is None


def test_text_that_is_no_utf_8_comes_back_as_it_was(store: RunStore) -> None:
    store.share("key", "\udce3")
    assert store.shared("key") == "\udce3"


def test_it_is_readable_for_its_user_alone(store: RunStore, tmp_path: Path) -> None:
    store.share("key", 1)
    assert (tmp_path / "run/offsite.endpoints").stat().st_mode & 0o777 == 0o700


def test_what_was_kept_is_whole_or_what_it_was(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.share("key", "first")

    def cut_short(path: Path, *_args: object, **_more: object) -> int:
        with path.open("w", encoding="ascii") as file:
            file.write('"sec')
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(run_store.Path, "write_text", cut_short)
    with pytest.raises(OSError, match="No space left"):
        store.share("key", "second")
    assert store.shared("key") == "first"
