"""Opened when it is used, closed when it is not, and never closed under who uses it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from media.ondemand import OnDemand


class Made:
    """Says what was opened and closed."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.closing = asyncio.Event()
        self.may_close = asyncio.Event()
        self.may_close.set()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[str]:
        name = str(self.said.count("opened"))
        self.said.append("opened")
        yield name
        self.closing.set()
        await self.may_close.wait()
        self.said.append("closed")


@pytest.fixture
def made() -> Made:
    return Made()


async def test_nothing_is_opened_before_it_is_used_and_all_is_closed_at_the_end(made: Made) -> None:
    async with OnDemand(made.one) as runners:
        assert made.said == []
        async with runners.lent() as first, runners.lent() as second:
            assert (first, second) == ("0", "0")
        async with runners.lent() as third:
            assert third == "0"
        assert made.said == ["opened"]
    assert made.said == ["opened", "closed"]


async def test_it_is_closed_after_a_while_of_idleness_and_opened_again(made: Made) -> None:
    async with OnDemand(made.one, idle_seconds=0.05) as runners:
        async with runners.lent():
            await asyncio.sleep(0.2)
            assert made.said == ["opened"]
        await asyncio.sleep(0.2)
        assert made.said == ["opened", "closed"]
        async with runners.lent() as again:
            assert again == "1"


async def test_who_comes_while_it_is_closed_waits_and_gets_another(made: Made) -> None:
    made.may_close.clear()
    async with OnDemand(made.one, idle_seconds=0.01) as runners:
        async with runners.lent():
            pass
        await made.closing.wait()

        async def use() -> str:
            async with runners.lent() as runner:
                return runner

        user = asyncio.create_task(use())
        await asyncio.sleep(0.05)
        assert not user.done()
        made.may_close.set()
        assert await user == "1"
    assert made.said == ["opened", "closed", "opened", "closed"]


async def test_work_that_fails_does_not_keep_it_open(made: Made) -> None:
    async with OnDemand(made.one, idle_seconds=0.05) as runners:
        with pytest.raises(ValueError, match="no"):
            async with runners.lent():
                raise ValueError("no")
        await asyncio.sleep(0.2)
        assert made.said == ["opened", "closed"]
