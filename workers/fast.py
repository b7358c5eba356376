"""Jobs of milliseconds that someone waits for: notifications, mirrors."""

from services.accounts.jobs import confirm_claims
from services.comments.mirror import repair_comment
from services.consequences import Family
from services.feeds.follows import refresh_followed
from services.likes import repair_like
from services.notifications.comments import comment_notification
from services.notifications.follows import follow_notification
from services.notifications.likes import like_notification
from services.notifications.named import named_notification
from services.notifications.shares import share_notification
from services.notifications.welcome import welcome_notification
from services.posts.listing import list_post_of
from services.relationships.blocks import repair_block
from services.relationships.edges import repair_follow
from services.saves import repair_save
from services.uploads.discarding import discard_upload
from services.uploads.telling import notify_upload
from services.withdrawals import announce_withdrawals
from workers.family import JobFamily

FAST = JobFamily(
    Family.FAST,
    timeout_seconds=10,
    concurrency=16,
    functions={
        "announce_withdrawals": announce_withdrawals,
        "comment_notification": comment_notification,
        "confirm_claims": confirm_claims,
        "discard_upload": discard_upload,
        "follow_notification": follow_notification,
        "like_notification": like_notification,
        "list_post": list_post_of,
        "named_notification": named_notification,
        "notify_upload": notify_upload,
        "refresh_followed": refresh_followed,
        "repair_block": repair_block,
        "repair_comment": repair_comment,
        "repair_follow": repair_follow,
        "repair_like": repair_like,
        "repair_save": repair_save,
        "share_notification": share_notification,
        "welcome_notification": welcome_notification,
    },
)
