"""Jobs that touch a row for each of many people, in steps."""

from services.comments.mirror import repair_thread
from services.consequences import Family
from services.feeds.fanout import fan_out_post, withdraw_post
from services.notifications.comments import untell_thread
from services.relationships.names import refresh_names
from services.relationships.opening import accept_waiting
from services.withholding import withhold_pair, withhold_person
from workers.family import JobFamily

FANOUT = JobFamily(
    Family.FANOUT,
    timeout_seconds=20,
    concurrency=8,
    functions={
        "accept_waiting": accept_waiting,
        "fan_out_post": fan_out_post,
        "refresh_names": refresh_names,
        "repair_thread": repair_thread,
        "untell_thread": untell_thread,
        "withdraw_post": withdraw_post,
        "withhold_pair": withhold_pair,
        "withhold_person": withhold_person,
    },
)
