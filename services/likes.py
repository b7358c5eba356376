"""Liking what can be liked. The truth lives with what is liked; the liker has a mirror of it."""

from core.errors import not_found
from models.global_ids import NodeKind
from models.ids import shard_of
from models.reads.edges import LIKE
from models.tables import Counter, Like, LikeGiven, LikeState
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.mirrors import NOT_WITHHELD, Edge, Subject, apply, transition
from services.outbox import JSON, Job, emit
from services.seen import comment_seen, post_seen
from services.visible import MediaLinks
from services.withholding import LIKES, settle_one

FIELD = "subjectId"


async def like(backend: Backend, links: MediaLinks, viewer_id: int, kind: NodeKind, subject_id: int) -> None:
    """Likes a post or a comment; the second time changes nothing. Raises UserFault (NOT_FOUND) and ShardUnavailable."""
    await _set(backend, links, viewer_id, (kind, subject_id), LikeState.LIKED)


async def unlike(backend: Backend, links: MediaLinks, viewer_id: int, kind: NodeKind, subject_id: int) -> None:
    """The opposite of `like`; raises the same."""
    await _set(backend, links, viewer_id, (kind, subject_id), LikeState.GONE)


async def _set(
    backend: Backend, links: MediaLinks, viewer_id: int, subject: tuple[NodeKind, int], state: LikeState
) -> None:
    kind, subject_id = subject
    about = await _about(backend, links, viewer_id, subject)
    liked = state is LikeState.LIKED
    async with backend.transaction(shard_of(subject_id)) as transaction:
        edge = await transition(
            transaction,
            Like,
            {"subject_id": subject_id, "user_id": viewer_id},
            to_state=state.value,
            from_states=[None, LikeState.GONE.value] if liked else [LikeState.LIKED.value],
            values=NOT_WITHHELD if liked else None,
        )
        if edge is not None:
            await counts.add(transaction, subject_id, Counter.LIKES, edge.entered(LikeState.LIKED))
            happened: dict[str, JSON] = {
                "subject_kind": kind.name,
                "subject_id": subject_id,
                "user_id": viewer_id,
                "owner_id": about.author_id,
                "version": edge.version,
            }
            await emit(transaction, EventKind.LIKED if liked else EventKind.UNLIKED, happened)
    if edge is not None:
        await or_later(_mirror(backend, subject, viewer_id, edge, about))


async def _about(backend: Backend, links: MediaLinks, viewer_id: int, subject: tuple[NodeKind, int]) -> Subject:
    """Whose it is, and what, if the viewer may see it."""
    kind, subject_id = subject
    if kind is NodeKind.POST:
        post = await post_seen(backend, links, viewer_id, subject_id, FIELD)
        return Subject(post.author.id, post.kind)
    if kind is NodeKind.COMMENT:
        return Subject((await comment_seen(backend, links, viewer_id, subject_id, FIELD)).author_id, None)
    raise not_found("post or comment", FIELD)


async def _mirror(backend: Backend, subject: tuple[NodeKind, int], user_id: int, edge: Edge, about: Subject) -> None:
    kind, subject_id = subject
    async with backend.transaction(shard_of(user_id)) as transaction:
        await apply(
            transaction,
            LikeGiven,
            {"user_id": user_id, "subject_id": subject_id},
            {"since": edge.since, "subject_kind": kind.name, **about._asdict()},
            version=edge.version,
            state=edge.after,
        )


async def repair_like(job: Job) -> None:
    """For LIKED and UNLIKED: brings the liker's mirror to what the truth says now, and behind it settles whether the
    like is withheld. Raises Unsettled and ShardUnavailable."""
    subject_id, user_id = job.payload["subject_id"], job.payload["user_id"]
    for row in await job.backend.reader().on_shard_of(subject_id, LIKE, subject_id, user_id):
        subject = (NodeKind[job.payload["subject_kind"]], subject_id)
        edge = Edge(None, row["after"], row["version"], row["since"])
        await _mirror(job.backend, subject, user_id, edge, Subject.of(row))
        await settle_one(job.backend, LIKES, user_id, subject_id)
