"""Jobs of milliseconds that someone waits for: notifications, mirrors."""

from services.accounts.jobs import confirm_claims
from services.consequences import Family
from services.notifications.welcome import welcome_notification
from services.uploads.discarding import discard_upload
from services.uploads.telling import notify_upload
from workers.family import JobFamily

FAST = JobFamily(
    Family.FAST,
    timeout_seconds=10,
    concurrency=10,
    functions={
        "confirm_claims": confirm_claims,
        "discard_upload": discard_upload,
        "notify_upload": notify_upload,
        "welcome_notification": welcome_notification,
    },
)
