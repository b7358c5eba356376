from services.backend import Backend
from services.consequences import EventKind
from services.notifications.welcome import welcome_notification
from tests.factories import make_user
from tests.services.notifications.conftest import People
from tests.services.notifications.jobs import jobs, run


async def test_someone_new_is_greeted_once(backend: Backend, people: People) -> None:
    person = await make_user(backend)
    [job] = await jobs(backend, person.id, {EventKind.USER_REGISTERED}, {"user_id": person.id}, "welcome_notification")
    await run(welcome_notification, job, job)
    assert [(row["kind"], row["sequence"]) for row in await people.rows(person.id)] == [("WELCOME", 1)]
