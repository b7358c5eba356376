"""Who is told of what: of nothing that they may not see, said or done by nobody whom they may not see."""

from models.global_ids import NodeKind
from services.backend import Backend
from services.notifications.tell import Subject
from services.seen import all_answered
from services.visibility import visible_comments, visible_posts, visible_users
from services.visible import MediaLinks


async def sees(backend: Backend, recipient_id: int, *, actor_id: int, subject: Subject) -> bool:
    """Whether the recipient may see both now, asked of the truth: a job may run before or behind whatever hides them.

    `subject` is a post or a comment. Raises ShardUnavailable where a node that could know does not answer.
    """
    reader, links = backend.reader(), MediaLinks(backend.signer)
    kind, number = subject
    look = visible_comments if kind is NodeKind.COMMENT else visible_posts
    is_seen = number in await look(reader, links, recipient_id, [number])
    is_seen = is_seen and actor_id in await visible_users(reader, links, recipient_id, [actor_id])
    all_answered(reader)
    return is_seen
