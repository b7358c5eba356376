import asyncio

from structlog.testing import capture_logs

from services.background import Background


async def test_work_of_one_key_is_under_way_once() -> None:
    background, done, go = Background(), [], asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.append(1)

    background.begin("a", work)
    background.begin("a", work)
    background.begin("b", work)
    go.set()
    await background.settled()
    assert done == [1, 1]
    background.begin("a", work)
    await background.settled()
    assert done == [1, 1, 1]


async def test_only_so_much_at_once() -> None:
    background, running, most = Background(at_once=2), 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    for number in range(6):
        background.begin(number, work)
    await background.settled()
    assert most == 2


async def test_a_failure_is_logged_and_ends_alone() -> None:
    background = Background()

    async def work() -> None:
        raise ValueError("broken")

    with capture_logs() as logs:
        background.begin("a", work)
        await background.settled()
    assert [entry["event"] for entry in logs] == ["background_failed"]


async def test_closing_stops_what_is_under_way() -> None:
    background, ended = Background(), []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    background.begin("a", work)
    await asyncio.sleep(0)
    await background.close()
    assert ended == [1]


async def test_what_waits_for_no_turn_is_not_held_up_and_can_be_waited_for() -> None:
    background, go, done = Background(at_once=1), asyncio.Event(), []

    async def slow() -> None:
        await go.wait()

    async def quick() -> None:
        done.append(1)

    background.begin("slow", slow)
    task = background.begin("quick", quick, waits_turn=False)
    assert background.begin("quick", quick) is task
    await task
    assert done == [1]
    go.set()
    await background.settled()
