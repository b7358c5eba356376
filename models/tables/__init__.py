"""All tables, so that importing this package fills `Base.metadata`."""

from models.tables.base import Base
from models.tables.collections import Collection, CollectionPost, CollectionPostState, CollectionState
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
    Withheld,
)
from models.tables.feeds import (
    FeedSnapshot,
    FeedSurface,
    HashtagFollow,
    HashtagFollowState,
    Impression,
    PageTop,
    PulledInterval,
    SnapshotFeed,
    Sponsorship,
)
from models.tables.notifications import (
    Notification,
    NotificationActor,
    NotificationKind,
    NotificationSource,
    NotificationStream,
)
from models.tables.outbox import Delivery, DeliveryState, Event, IdempotencyKey
from models.tables.pages import Hashtag, HashtagPost, ListingState, Place, PlacePost, TaggedPost
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
from models.tables.posts import Comment, CommentScore, CommentState, Post, PostKind, PostState, Share
from models.tables.relationships import (
    AuthorAlert,
    Block,
    BlockReceived,
    BlockState,
    CloseFriend,
    CloseFriendState,
    FollowReservation,
    Mute,
    MuteState,
)
from models.tables.shards import NodeIdentity, ShardAssignment
from models.tables.trust import RemovedPicture, Report, ReportReason, ReportStatus
from models.tables.uploads import MediaStatus, Upload, UploadPurpose
from models.tables.withdrawals import WithdrawnMedia

__all__ = [
    "AuthorAlert", "Base", "Block", "BlockReceived", "BlockState", "Claim", "ClaimKind", "ClaimOutcome", "ClaimState",
    "CloseFriend", "CloseFriendState", "Collection", "CollectionPost", "CollectionPostState", "CollectionState",
    "Comment", "CommentMade", "CommentScore", "CommentState", "Count", "CountDelta", "Counter", "Credential",
    "Delivery", "DeliveryState", "Event", "FeedSnapshot", "FeedSurface", "Follow", "FollowReservation", "FollowState",
    "Following", "Hashtag", "HashtagFollow", "HashtagFollowState", "HashtagPost", "IdempotencyKey", "Impression",
    "Like", "LikeGiven", "LikeState", "ListingState", "MediaStatus", "Mute", "MuteState", "NodeIdentity",
    "Notification", "NotificationActor", "NotificationKind", "NotificationSource", "NotificationStream", "PageTop",
    "Place", "PlacePost", "Post", "PostKind", "PostState", "PulledInterval", "RemovedPicture", "Report",
    "ReportReason", "ReportStatus", "Save", "SaveMade", "SaveState", "Session", "ShardAssignment", "Share",
    "SnapshotFeed", "Sponsorship", "TaggedPost", "Upload", "UploadPurpose", "User", "UserState", "WithdrawnMedia",
    "Withheld",
]  # fmt: skip
