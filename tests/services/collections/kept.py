"""What a person keeps, as it is stored."""

from models.tables import Counter
from services import counts
from services.backend import Backend
from tests.posting import rows


async def posts_in(backend: Backend, collection_id: int) -> list[int]:
    """The posts in a collection, whose counter says the same number."""
    sql = "SELECT post_id FROM collection_posts WHERE collection_id = $1 AND state = 'IN' ORDER BY post_id"
    found = [post_id for (post_id,) in await rows(backend, collection_id, sql, collection_id)]
    told = (await counts.read(backend.reader(), [collection_id], [Counter.POSTS]))[collection_id, Counter.POSTS]
    assert told == len(found)
    return found


async def posts_saved(backend: Backend, user_id: int) -> list[int]:
    """As the saver's mirror says."""
    sql = "SELECT post_id FROM saves_made WHERE user_id = $1 AND state = 'SAVED' ORDER BY post_id"
    return [post_id for (post_id,) in await rows(backend, user_id, sql, user_id)]


async def collections_of(backend: Backend, user_id: int) -> list[int]:
    sql = "SELECT id FROM collections WHERE owner_id = $1 AND state = 'LIVE' ORDER BY id"
    return [number for (number,) in await rows(backend, user_id, sql, user_id)]
