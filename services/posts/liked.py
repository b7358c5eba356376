"""What somebody likes, for themselves alone."""

from models.reads.kept import LIKED_BY_USERS
from models.reads.reader import Reader
from services.pages import Page
from services.posts.kept import posts_of_lists
from services.visible import MediaLinks, VisiblePost


async def liked_posts(
    reader: Reader, links: MediaLinks, user_id: int, *, first: int, after: str | None
) -> Page[VisiblePost]:
    """Of the mirror, the latest like first; whether a like stands is asked of the post. Their own archived posts are
    among them. Raises RequestFault for a bad `first` or `after`."""
    found = await posts_of_lists(
        reader,
        links,
        user_id,
        [user_id],
        LIKED_BY_USERS,
        belongs=lambda post: post.viewer_has_liked,
        first=first,
        after=after,
    )
    return found[user_id]
