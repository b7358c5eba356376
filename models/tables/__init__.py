"""All tables, so that importing this package fills `Base.metadata`."""

from models.tables.base import Base
from models.tables.counts import Count, CountDelta, Counter
from models.tables.edges import (
    CommentMade,
    Follow,
    Following,
    FollowState,
    Like,
    LikeGiven,
    LikeState,
    Save,
    SaveMade,
    SaveState,
)
from models.tables.notifications import (
    Notification,
    NotificationActor,
    NotificationKind,
    NotificationSource,
    NotificationStream,
)
from models.tables.outbox import Delivery, DeliveryState, Event, IdempotencyKey
from models.tables.people import (
    Claim,
    ClaimKind,
    ClaimOutcome,
    ClaimState,
    Credential,
    Session,
    User,
    UserState,
)
from models.tables.posts import Comment, CommentState, Post, PostKind, PostState
from models.tables.shards import NodeIdentity, ShardAssignment
from models.tables.uploads import MediaStatus, Upload, UploadPurpose
from models.tables.withdrawals import WithdrawnMedia

__all__ = [
    "Base", "Claim", "ClaimKind", "ClaimOutcome", "ClaimState", "Comment", "CommentMade", "CommentState", "Count",
    "CountDelta", "Counter", "Credential", "Delivery", "DeliveryState", "Event", "Follow", "FollowState", "Following",
    "IdempotencyKey", "Like", "LikeGiven", "LikeState", "MediaStatus", "NodeIdentity", "Notification",
    "NotificationActor", "NotificationKind", "NotificationSource", "NotificationStream", "Post", "PostKind",
    "PostState", "Save", "SaveMade", "SaveState", "Session", "ShardAssignment", "Upload", "UploadPurpose", "User",
    "UserState", "WithdrawnMedia",
]  # fmt: skip
