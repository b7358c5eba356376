"""What every resolver and batched field is given: who asks, and the ways to the data."""

from dataclasses import dataclass, field
from typing import TypeVar

from core.errors import unauthenticated
from execution.batches import Batches
from models.reads.reader import Reader
from services.backend import Backend
from services.live import Live
from services.marks import NOBODY
from services.viewer import ViewerIdentity
from services.visible import MediaLinks

NodeType = TypeVar("NodeType")


@dataclass(slots=True, eq=False)
class Context:
    """One per operation; over a socket one per connection, made fresh before each event.

    `viewer` is None for an anonymous caller. `misses`: how much that was asked for by its id or name is not there, or
    may not be seen. `asked`: how many ids the present field of a mutation was given.
    """

    backend: Backend
    live: Live
    viewer: ViewerIdentity | None = None
    user_agent: str | None = None
    ip_address: str | None = None
    public_url: str = ""
    misses: int = 0
    asked: int = 1
    links: MediaLinks = field(init=False)
    reader: Reader = field(init=False)
    batches: Batches = field(init=False)

    def __post_init__(self) -> None:
        self.links = MediaLinks(self.backend.signer, self.backend.settings.media_base_url or self.public_url)
        self.reader = self.backend.reader()
        self.batches = Batches(self)

    @property
    def viewer_id(self) -> int:
        """`NOBODY` for an anonymous caller."""
        return self.viewer.id if self.viewer else NOBODY

    def signed_in(self) -> ViewerIdentity:
        """Raises RequestFault (UNAUTHENTICATED) for an anonymous caller."""
        if self.viewer is None:
            raise unauthenticated()
        return self.viewer

    def found(self, node: NodeType | None) -> NodeType | None:
        """What was asked for by its id or name, as it is: that it was missed has a say in when the answer leaves."""
        if node is None:
            self.miss()
        return node

    def miss(self, count: int = 1) -> None:
        self.misses += count

    def fresh(self) -> None:
        """Forgets what was read: before each root field of a mutation and each event of a subscription."""
        self.batches = Batches(self)
        self.reader.kept.clear()
