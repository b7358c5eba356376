"""Makes the cast, by the services that make everything, and then by hand what no service would leave behind: follows
that survive a block, replies that survive their parent."""

from datetime import timedelta

from sqlalchemy import func, insert

from core import clock
from core.settings import Settings
from models.global_ids import NodeKind
from models.ids import shard_of
from models.tables import Block, MediaStatus, NotificationKind, ReportReason, UploadPurpose
from services.accounts.profile import ProfileChange, update_profile
from services.backend import Backend
from services.collections.changing import create_collection, delete_collection
from services.discovery.following import follow_hashtag
from services.feeds.sponsorships import sponsor_post
from services.likes import like
from services.moderation.reports import NewReport, report
from services.notifications.tell import tell
from services.places import NewPlace
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.relationships.close_friends import add_close_friend
from services.relationships.mutes import mute
from services.saves import save
from services.uploads.starting import NewUpload, start_upload
from tests.factories import make_user
from tests.posting import (
    change,
    links,
    make_comment,
    make_follow,
    ready_upload,
    rows,
    set_post_state,
    set_user_state,
)
from tests.sweep.cast import KINDS, ROLES, Cast, Soul, Thing, new_marker

PEOPLE = (*(role for role in ROLES if role != "anonymous"), "deleted")
OWNERS = ("private", "public")


class World:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.cast = Cast()
        self.users: dict[str, Thing] = {}
        self.posts: dict[tuple[str, str], Thing] = {}
        self.comments: list[Thing] = []
        self.common = new_marker()

    @property
    def settings(self) -> Settings:
        return self.backend.settings

    def soul(self, role: str) -> Soul:
        return self.cast.souls[role]

    def id_of(self, role: str) -> int:
        return self.soul(role).person.id

    async def people(self) -> None:
        for role in PEOPLE:
            marker = new_marker()
            person = await make_user(self.backend, full_name=marker, bio=f"bio {marker}")
            self.cast.souls[role] = Soul(role, person)
            self.users[role] = self.cast.add(Thing("User", person.id, role, marker))
            avatar = await ready_upload(self.backend, person.id, purpose=UploadPurpose.AVATAR.value)
            await update_profile(self.backend, person.viewer, ProfileChange(avatar_upload_id=avatar))
            self.cast.add(Thing("Image", avatar, role, hangs_on=[self.users[role]]))
            self.cast.add(Thing("Upload", avatar, role))

    async def follow(self, follower: str, followed: str) -> None:
        await make_follow(self.backend, self.soul(follower).person, self.soul(followed).person)
        self.cast.follows.add((follower, followed))

    async def everyone_follows(self) -> None:
        """Before anybody is private, so that all are accepted; then whoever asks stands in the queue of one."""
        for owner in OWNERS:
            for role in PEOPLE:
                if role not in (owner, "stranger", "asking"):
                    await self.follow(role, owner)
                if role != owner:
                    await self.follow(owner, role)
        await self.follow("asking", "public")
        await self.follow("stranger", "follower")

    async def everyone_mutes_and_befriends(self) -> None:
        for role in (*OWNERS, "follower"):
            for other in ("asking", "blocked", "blocking", "suspended", "deleted"):
                await mute(self.backend, links(self.backend), self.id_of(role), self.id_of(other))
                await add_close_friend(self.backend, links(self.backend), self.id_of(role), self.id_of(other))

    async def close(self) -> None:
        private = self.soul("private")
        await update_profile(self.backend, private.person.viewer, ProfileChange(is_private=True))
        private.is_private = True
        await make_follow(self.backend, self.soul("asking").person, private.person)

    async def post(
        self,
        owner: str,
        name: str,
        *,
        tagged: tuple[str, ...] = (),
        under: str | None = None,
        shows: tuple[str, ...] = ("Image", "Video"),
        purpose: UploadPurpose = UploadPurpose.POST,
    ) -> Thing:
        """`under` are its hashtags beside one of its own: what all have, if it is left out."""
        marker, alt = new_marker(), new_marker()
        owner_id = self.id_of(owner)
        uploads = [
            await ready_upload(self.backend, owner_id, film=kind == "Video", purpose=purpose.value) for kind in shows
        ]
        tags = [NewTag(self.id_of(role), 0.5, 0.5) for role in tagged]
        media = [NewMedia(upload, alt, tags) for upload in uploads]
        place = NewPlace(f"Place {new_marker()}", 48.2, 16.37)
        under = f" #{self.common}" if under is None else under
        wanted = NewPost(media, caption=f"{self.said(marker, owner)}{under}", place=place)
        post_id = await create_post(self.backend, links(self.backend), owner_id, wanted)
        post = self.posts[owner, name] = self.cast.add(Thing("Post", post_id, owner, marker))
        [(hashtags, where)] = await rows(
            self.backend, post_id, "SELECT hashtags, place FROM posts WHERE id = $1", post_id
        )
        self.cast.add(Thing("Hashtag", hashtags[0]["id"], owner, hashtags[0]["name"]))
        if len(self.posts) == 1:  # what all have stands once
            self.cast.add(Thing("Hashtag", hashtags[1]["id"], "everybody", hashtags[1]["name"]))
        self.cast.add(Thing("Place", where["id"], owner))
        for kind, upload in zip(shows, uploads, strict=True):
            self.cast.add(Thing("Image", upload, owner, alt, hangs_on=[post]))  # of a film its poster
            if kind == "Video":
                self.cast.add(Thing("Video", upload, owner, alt, hangs_on=[post]))
            self.cast.add(Thing("Upload", upload, owner))
        return post

    def said(self, marker: str, by: str) -> str:
        """A text that mentions all others, with a hashtag of its own and a link."""
        mentions = " ".join(f"@{soul.person.username}" for role, soul in self.cast.souls.items() if role != by)
        return f"{marker} #{new_marker()} https://example.com/{marker[4:]} {mentions}"

    async def comment(self, owner: str, post: Thing, parent: Thing | None = None) -> Thing:
        marker = new_marker()
        parent_id = parent.number if parent else None
        number = await make_comment(
            self.backend, self.soul(owner).person, post.number, self.said(marker, owner), parent_id
        )
        await self.know_hashtags(number)
        above = [post] if parent is None else [post, parent]
        comment = self.cast.add(Thing("Comment", number, owner, marker, hangs_on=above))
        self.comments.append(comment)
        return comment

    async def know_hashtags(self, comment_id: int) -> None:
        [(entities,)] = await rows(self.backend, comment_id, "SELECT entities FROM comments WHERE id = $1", comment_id)
        for one in entities:
            if one["kind"] == "HASHTAG":
                self.cast.add(Thing("Hashtag", one["hashtag_id"], "everybody", one["name"]))

    async def everyone_posts(self) -> None:
        for role in PEOPLE:
            await self.post(role, "live", tagged=tuple(other for other in PEOPLE if other != role))
        for owner in OWNERS:
            for state in ("archived", "deleted"):
                await self.post(owner, state, tagged=("follower",))
            await self.post(owner, "reel", shows=("Video",), purpose=UploadPurpose.REEL)

    async def everyone_is_judged(self) -> None:
        """Pictures and films that wait for a moderator, or were refused: there for nobody but as uploads."""
        for owner in OWNERS:
            for status in (MediaStatus.HELD, MediaStatus.REJECTED):
                for kind in ("Image", "Video"):
                    owner_id, film = self.id_of(owner), kind == "Video"
                    number = await ready_upload(self.backend, owner_id, film=film, status=status.value)
                    self.cast.add(Thing(kind, number, owner, stands=False))
                    self.cast.add(Thing("Upload", number, owner))

    async def everyone_sends(self) -> None:
        """A video in parts, which is on its way: whoever had its URLs could send another."""
        await self.backend.storage.ensure_bucket()
        for owner in OWNERS:
            wanted = NewUpload(UploadPurpose.POST, "video/mp4", 9 * 2**20)
            self.cast.add(Thing("Upload", await start_upload(self.backend, self.id_of(owner), wanted), owner))

    async def people_pay(self) -> None:
        """For what they post to be shown to those in whose feeds it does not stand: of most it may not be, later."""
        now = clock.now()
        for role in ("private", "stranger", "suspended", "blocked", "blocking", "deleted"):
            post = (await self.post(role, "paid", under="")).number
            await sponsor_post(self.backend, post, "Paid", now - timedelta(hours=1), now + timedelta(days=1))

    async def everyone_talks(self) -> None:
        for owner in (*OWNERS, "follower"):
            post = self.posts[owner, "live"]
            for role in PEOPLE:
                said = await self.comment(role, post)
                await self.comment("follower" if role != "follower" else owner, post, said)
                await like(self.backend, links(self.backend), self.id_of(role), NodeKind.POST, post.number)
                await like(self.backend, links(self.backend), self.id_of("follower"), NodeKind.COMMENT, said.number)
                await save(self.backend, links(self.backend), self.id_of(role), post.number)
            for name in ("archived", "deleted"):
                if (owner, name) in self.posts:
                    for role in ("follower", owner):
                        await self.comment(role, self.posts[owner, name])
                        hidden = self.posts[owner, name].number
                        await like(self.backend, links(self.backend), self.id_of(role), NodeKind.POST, hidden)
                        await save(self.backend, links(self.backend), self.id_of(role), hidden)

    async def everyone_follows_hashtags(self) -> None:
        for role in PEOPLE:
            for hashtag in self.cast.of_type("Hashtag")[:4]:
                await follow_hashtag(self.backend, self.id_of(role), hashtag.marker)

    async def everyone_collects_and_reports(self) -> None:
        """Posts of everybody, of which some will be hidden; and one thing of each type and owner."""
        posts = [post.number for (_, name), post in self.posts.items() if name == "live"]
        for role in PEOPLE:
            marker = new_marker()
            number = await create_collection(self.backend, links(self.backend), self.id_of(role), marker, posts)
            self.cast.add(Thing("Collection", number, role, marker))
            deleted = await create_collection(self.backend, links(self.backend), self.id_of(role), marker, posts)
            await delete_collection(self.backend, self.id_of(role), deleted)
            self.cast.add(Thing("Collection", deleted, role, stands=False))
            for owner in OWNERS:
                if role == owner:
                    continue
                comment = next(one for one in self.comments if one.owner == owner)
                for subject in (self.users[owner], self.posts[owner, "live"], comment):
                    await self.report(role, subject)

    async def report(self, role: str, subject: Thing) -> None:
        marker = new_marker()
        wanted = NewReport(KINDS[subject.type], subject.number, ReportReason.SPAM, marker)
        number = await report(self.backend, links(self.backend), self.id_of(role), wanted)
        self.cast.add(Thing("Report", number, role, marker))

    async def everyone_is_told(self) -> None:
        """Of a like of everybody on everything of theirs, one by one, so that an actor who is hidden is alone."""
        event = 0
        for recipient in PEOPLE:
            for actor in PEOPLE:
                subjects = [(NodeKind.POST, self.posts[recipient, "live"]), (NodeKind.USER, self.users[actor])]
                subjects += [(NodeKind.COMMENT, one) for one in self.comments if one.owner == recipient][:1]
                for kind, subject in subjects:
                    event += 1
                    await tell(
                        self.backend,
                        self.id_of(recipient),
                        NotificationKind.LIKE,
                        event_id=event,
                        actor_id=self.id_of(actor),
                        subject=(kind, subject.number),
                        fold=event % 2 == 0,
                    )
        for role in PEOPLE:
            sql = (
                "SELECT n.id, array_agg(a.actor_id) FROM notifications n"
                " LEFT JOIN notification_actors a ON a.notification_id = n.id WHERE n.recipient_id = $1 GROUP BY n.id"
            )
            roles = {soul.person.id: name for name, soul in self.cast.souls.items()}
            for number, actors in await rows(self.backend, self.id_of(role), sql, self.id_of(role)):
                by = [self.users[roles[actor]] for actor in actors if actor is not None]
                self.cast.add(Thing("Notification", number, role, hangs_on=by))

    async def hide(self) -> None:
        """What parts them, last of all."""
        for (_, name), post in self.posts.items():
            if name in ("archived", "deleted"):
                await set_post_state(self.backend, post.number, name.upper())
                post.is_archived, post.stands = name == "archived", name != "deleted"
        public = self.posts["public", "live"]
        gone, withheld = [await self.comment("public", public) for _ in range(2)]
        for comment, sql in ((gone, "state = 'DELETED'"), (withheld, "withheld = 2")):
            reply = await self.comment("follower", public, comment)
            await self.set_column("comments", sql, comment.number)
            comment.stands = reply.stands = False
        alone = await self.comment("public", public)
        await self.set_column("comments", "withheld = 1", alone.number)
        alone.stands = False
        for owner in OWNERS:
            await self.block(owner, "blocked")
            await self.block("blocking", owner)
        for role, state in (("suspended", "SUSPENDED"), ("deleted", "DELETED")):
            await set_user_state(self.backend, self.id_of(role), state)
            self.soul(role).state = state

    async def set_column(self, table: str, assignment: str, number: int) -> None:
        await change(self.backend, number, f"UPDATE {table} SET {assignment} WHERE id = :id", id=number)

    async def block(self, blocker: str, blocked: str) -> None:
        """The row alone: the follows stay, as if the second step had not come yet."""
        async with self.backend.transaction(shard_of(self.id_of(blocker))) as transaction:
            await transaction.session.execute(
                insert(Block).values(
                    blocker_id=self.id_of(blocker),
                    blocked_id=self.id_of(blocked),
                    state="BLOCKED",
                    version=1,
                    since=func.clock_now(),
                )
            )
        self.cast.blocks.add((blocker, blocked))


async def make_world(backend: Backend) -> World:
    world = World(backend)
    await world.people()
    await world.everyone_follows()
    await world.everyone_mutes_and_befriends()
    await world.everyone_posts()
    await world.everyone_is_judged()
    await world.everyone_sends()
    await world.everyone_talks()
    await world.everyone_follows_hashtags()
    await world.people_pay()
    await world.everyone_collects_and_reports()
    await world.everyone_is_told()
    await world.close()
    await world.hide()
    return world
