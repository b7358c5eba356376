"""`bench/operations/users_page.py` by hand."""

from bench.twins.house import JSON, Caller, House, Record
from bench.twins.parts import avatar, cursor, global_id, microseconds, number_of, page_info, people_around, relationship
from bench.twins.sql import is_there, lets_in
from models.global_ids import NodeKind

SLACK = 4
"""Read beyond the page, as some may be hidden."""

# $1 whose, $2 the viewer, $3 how many. One row without a follower where there are none to be seen.
FOLLOWERS = f"""
    SELECT e.follower_id, e.since
    FROM users u
    LEFT JOIN follows f ON f.followed_id = u.id AND f.follower_id = $2
    LEFT JOIN LATERAL (
        SELECT follower_id, since FROM follows
        WHERE followed_id = u.id AND state = 'ACCEPTED' AND withheld = 0 AND {lets_in("$2")}
        ORDER BY since DESC, follower_id DESC LIMIT $3
    ) e ON true
    WHERE u.id = $1 AND {is_there("$2")}
    ORDER BY e.since DESC, e.follower_id DESC
"""


async def answer(house: House, caller: Caller, sent: JSON) -> JSON:
    user_id, first = number_of(sent["variables"]["id"]), sent["variables"]["first"]
    limit = first + 1 + SLACK
    while True:
        rows = (
            [] if user_id in caller.blocked else await house.on_node_of(user_id, FOLLOWERS, user_id, caller.id, limit)
        )
        if not rows:
            return {"node": None}
        found = [row for row in rows if row["follower_id"] is not None]
        people, own = await people_around(house, caller, [row["follower_id"] for row in found])
        shown = [row for row in found if row["follower_id"] in people]
        if len(shown) > first or len(found) < limit:
            break
        limit *= 2
    page = shown[:first]
    end = cursor(microseconds(page[-1]["since"]), page[-1]["follower_id"]) if page else None
    nodes = [_user(house, caller, people[row["follower_id"]], own[row["follower_id"]]) for row in page]
    info = page_info(len(shown) > first, end)
    return {"node": {"id": global_id(NodeKind.USER, user_id), "followers": {"pageInfo": info, "nodes": nodes}}}


def _user(house: House, caller: Caller, person: Record, own: Record) -> JSON:
    return {
        "id": global_id(NodeKind.USER, person["id"]),
        "username": person["username"],
        "fullName": person["full_name"],
        "isVerified": person["is_verified"],
        "avatar": avatar(house, person),
        "viewerRelationship": relationship(caller, person["id"], person["follow"], own),
    }
