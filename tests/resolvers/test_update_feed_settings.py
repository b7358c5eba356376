from services.backend import Backend
from services.feeds.reasons import FeedOrder
from tests.api import Api
from tests.factories import make_user
from tests.posting import rows
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate

NAME = "updateFeedSettings"
STORED = "SELECT feed_order FROM users WHERE id = $1"
OWN = "{ viewer { feedOrder } }"


async def test_the_order_is_ones_own_choice_and_shown_at_once(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    assert await api.data(OWN, token=viewer.access_token) == {"viewer": {"feedOrder": "CHRONOLOGICAL"}}
    for order in (*FeedOrder, *reversed(FeedOrder), FeedOrder.CHRONOLOGICAL):
        payload = await mutate(api, NAME, "viewer { feedOrder user { id } }", {"order": order.value}, viewer)
        shown = {"feedOrder": order.value, "user": {"id": viewer.global_id}}
        assert payload == {"viewer": shown, "userErrors": []}
        assert await rows(backend, viewer.id, STORED, viewer.id) == [(order.value,)]
        assert await api.data(OWN, token=viewer.access_token) == {"viewer": {"feedOrder": order.value}}
        assert await rows(backend, other.id, STORED, other.id) == [("CHRONOLOGICAL",)]


async def test_nobody_has_no_order(api: Api) -> None:
    query = f"mutation {{ {NAME}(input: {{order: CHRONOLOGICAL}}) {{ viewer {{ feedOrder }} }} }}"
    assert await error_code(api, query) == "UNAUTHENTICATED"
