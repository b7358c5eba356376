import json
import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.embedded.faults import StartupError
from core.embedded.stack import ADDRESSES, Stack, attached, embedded_stack, environment, was_killed
from core.settings import Settings


def test_every_address_is_filled_in(own_stack: Stack) -> None:
    assert all(getattr(own_stack.settings, name) for name in ADDRESSES)


def test_a_child_reads_the_same_settings(own_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(own_stack.settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == own_stack.settings


def test_other_commands_find_it_by_its_folder(own_stack: Stack) -> None:
    record = own_stack.folder.run / "stack.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    bare = {name: type(getattr(own_stack.settings, name))() for name in ADDRESSES if "secret" not in name}
    found = attached(
        Settings(data=own_stack.folder.path, **bare, secret_key=SecretStr(""), s3_secret_key=SecretStr(""))
    )
    assert found == own_stack.settings
    own = Settings(data=own_stack.folder.path, **{**bare, "redis_url": "redis://other"})
    assert attached(own).redis_url == "redis://other"


async def test_two_stacks_run_beside_each_other(stack: Stack, own_stack: Stack) -> None:
    assert set(stack.settings.database_urls).isdisjoint(own_stack.settings.database_urls)
    assert stack.settings.s3_endpoint != own_stack.settings.s3_endpoint
    assert stack.settings.redis_url != own_stack.settings.redis_url


def test_without_a_stack_the_missing_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"No stack runs on the data folder .*HELIOGRAPH_DATABASE_URLS"):
        attached(Settings(data=tmp_path, database_urls=[]))


def test_the_record_of_a_killed_start_is_not_believed(own_stack: Stack, tmp_path: Path) -> None:
    assert not was_killed(own_stack.folder.path)
    assert not was_killed(tmp_path)
    record = json.loads((own_stack.folder.run / "stack.json").read_text())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "stack.json").write_text(json.dumps({**record, "started": record["started"] - 1}))
    assert was_killed(tmp_path)
    with pytest.raises(StartupError, match="No stack runs"):
        attached(Settings(data=tmp_path, database_urls=[]))


async def test_a_configured_server_is_not_started(own_stack: Stack, tmp_path: Path) -> None:
    given = own_stack.settings.model_copy(update={"queue_url": "", "secret_key": SecretStr("x" * 32)})
    async with embedded_stack(tmp_path, given) as partial:
        assert partial.supervisor.names == ["Valkey"]
        assert partial.settings.database_urls == own_stack.settings.database_urls
        assert partial.settings.redis_url == own_stack.settings.redis_url
        assert partial.settings.s3_endpoint == own_stack.settings.s3_endpoint
        assert partial.settings.queue_url not in {"", own_stack.settings.queue_url}
        assert partial.settings.secret_key.get_secret_value() == "x" * 32
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "seaweedfs").exists()
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's servers run as that user")
async def test_root_starts_it_below_a_folder_that_the_server_cannot_pass(tmp_path: Path, own_stack: Stack) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    given = own_stack.settings.model_copy(update={"database_urls": []})
    for _ in range(2):
        async with embedded_stack(hidden / "data", given) as partial:
            assert sorted(partial.supervisor.names) == ["PostgreSQL node0", "PostgreSQL node1"]
    assert stat.S_IMODE(hidden.stat().st_mode) == 0o700
    assert hidden.stat().st_uid == 0
    assert (hidden / "data" / "postgres" / "node0" / "PG_VERSION").exists()
