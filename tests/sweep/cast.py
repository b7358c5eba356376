"""A small world in which everything that may be hidden is hidden from somebody, and who may see what of it by a plain
model that knows nothing of the code under test.

Every thing holds a marker, a word that stands nowhere else: where one turns up, its thing was shown.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from models.global_ids import NodeKind, encode
from tests.factories import Person
from tests.sweep.roads import MARKER

ROLES = ("private", "public", "follower", "asking", "stranger", "blocked", "blocking", "suspended", "anonymous")
"""Who looks. `private` and `public` own what is looked at; the others stand to both of them as they are called."""

KINDS = {
    "User": NodeKind.USER,
    "Post": NodeKind.POST,
    "Comment": NodeKind.COMMENT,
    "Image": NodeKind.IMAGE,
    "Video": NodeKind.VIDEO,
    "Upload": NodeKind.UPLOAD,
    "Notification": NodeKind.NOTIFICATION,
    "Collection": NodeKind.COLLECTION,
    "Hashtag": NodeKind.HASHTAG,
    "Place": NodeKind.PLACE,
    "Report": NodeKind.REPORT,
}

OWNERS_ALONE = ("Upload", "Notification", "Collection", "Report")
EVERYBODYS = ("Hashtag", "Place")
INTO_THE_ACCOUNT = {"posts", "reels", "taggedPosts", "followers", "following", "mutualFollowers"}
"""Lists of a user that only those see who may look into the account, whoever stands on them."""


@dataclass(slots=True)
class Soul:
    """Someone of the cast. `state` and `is_private` as they are when the looking begins."""

    role: str
    person: Person
    state: str = "ACTIVE"
    is_private: bool = False


@dataclass(slots=True, eq=False)
class Thing:
    """`owner` is the role of whose it is. `stands` is false for what is there for nobody, `is_archived` for all but its
    owner. A comment hangs on a post and maybe on a comment; an image or a film on a post or a user, or on nothing."""

    type: str
    number: int
    owner: str
    marker: str = ""
    stands: bool = True
    is_archived: bool = False
    hangs_on: "list[Thing]" = field(default_factory=list)

    @property
    def id(self) -> str:
        return encode(KINDS[self.type], self.number)

    @property
    def name(self) -> str:
        return f"{self.owner}'s {self.type} {self.number}"


def new_marker() -> str:
    return f"{MARKER}{secrets.token_hex(6)}"


@dataclass(slots=True)
class Cast:
    souls: dict[str, Soul] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)
    follows: set[tuple[str, str]] = field(default_factory=set)
    blocks: set[tuple[str, str]] = field(default_factory=set)

    def add(self, thing: Thing) -> Thing:
        self.things.append(thing)
        return thing

    def of_type(self, name: str) -> list[Thing]:
        return [thing for thing in self.things if thing.type == name]

    # The model.

    def speaks(self, viewer: str) -> bool:
        """Whether somebody's token is good; what comes with one that is not gets nothing at all."""
        return viewer == "anonymous" or self.souls[viewer].state == "ACTIVE"

    def sees_person(self, viewer: str, other: str) -> bool:
        if self.souls[other].state != "ACTIVE":
            return False
        return not {(viewer, other), (other, viewer)} & self.blocks

    def looks_into(self, viewer: str, other: str) -> bool:
        open_to = viewer == other or not self.souls[other].is_private or (viewer, other) in self.follows
        return self.sees_person(viewer, other) and open_to

    def may_see(self, viewer: str, thing: Thing) -> bool:  # noqa: PLR0911  a rule a line
        if not self.speaks(viewer) or not thing.stands:
            return False
        if thing.type in EVERYBODYS:
            return True
        if thing.type == "Notification" and not any(self.may_see(viewer, actor) for actor in thing.hangs_on):
            return viewer == thing.owner and not thing.hangs_on
        if thing.type in OWNERS_ALONE:
            return viewer == thing.owner
        if thing.type == "User":
            return self.sees_person(viewer, thing.owner)
        if thing.type == "Post":
            return self.looks_into(viewer, thing.owner) and (viewer == thing.owner or not thing.is_archived)
        if thing.type in ("Image", "Video"):
            return viewer == thing.owner or any(self.may_see(viewer, shows) for shows in thing.hangs_on)
        assert thing.type == "Comment", f"the model knows nothing of {thing.type}"
        deleted = self.souls[thing.owner].state == "DELETED"
        said_by_someone_seen = deleted or self.sees_person(viewer, thing.owner)
        return said_by_someone_seen and all(self.may_see(viewer, above) for above in thing.hangs_on)

    def may_walk(self, viewer: str, begin: Thing, field_name: str) -> bool:
        """Whether anything may come by this road at all."""
        if begin.type == "User" and field_name in INTO_THE_ACCOUNT:
            return self.looks_into(viewer, begin.owner)
        return self.may_see(viewer, begin)

    def hidden_from(self, viewer: str) -> Iterable[Thing]:
        return (thing for thing in self.things if not self.may_see(viewer, thing))
