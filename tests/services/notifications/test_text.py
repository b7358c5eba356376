from typing import Any

import pytest

from models.global_ids import NodeKind
from models.tables import NotificationKind
from services.notifications.text import sentence


@pytest.mark.parametrize(
    ("kind", "names", "count", "details", "said"),
    [
        ("LIKE", ["ada"], 1, {}, "ada liked your post."),
        ("LIKE", ["ada", "bob"], 2, {}, "ada and bob liked your post."),
        ("LIKE", ["ada", "bob", "cy"], 3, {}, "ada and 2 others liked your post."),
        ("LIKE", ["ada"], 2, {}, "ada and 1 other liked your post."),
        ("COMMENT", ["ada", "bob", "cy"], 10, {}, "ada and 9 others commented on your post."),
        ("REPLY", ["ada"], 1, {}, "ada replied to your comment."),
        ("COMMENT_LIKE", ["ada"], 1, {}, "ada liked your comment."),
        ("FOLLOW", ["ada", "bob"], 2, {}, "ada and bob started following you."),
        ("FOLLOW_REQUEST", ["ada"], 1, {}, "ada asks to follow you."),
        ("FOLLOW_REQUEST", ["ada", "bob"], 3, {}, "ada and 2 others ask to follow you."),
        ("FOLLOW_ACCEPTED", ["ada", "bob"], 2, {}, "ada and bob accepted your follow request."),
        ("MENTION", ["ada"], 1, {}, "ada mentioned you in a post."),
        ("TAG", ["ada"], 1, {}, "ada tagged you in a post."),
        ("SHARE", ["ada", "bob"], 2, {}, "ada and bob shared a post with you."),
        ("MEDIA_READY", [], 0, {"failure_reason": None}, "Your upload is ready."),
        ("MEDIA_READY", [], 0, {"failure_reason": None, "media": "IMAGE"}, "Your picture is ready."),
        ("MEDIA_READY", [], 0, {"failure_reason": None, "media": "VIDEO"}, "Your video is ready."),
        ("MEDIA_FAILED", [], 0, {"failure_reason": "Too wide."}, "Your upload could not be used. Too wide."),
        ("MEDIA_FAILED", [], 0, {}, "Your upload could not be used."),
        (
            "MODERATION",
            [],
            0,
            {"status": "HELD", "failure_reason": None, "media": "IMAGE"},
            "Your picture waits for a moderator, who looks at it before it can be used.",
        ),
        (
            "MODERATION",
            [],
            0,
            {"status": "REJECTED", "failure_reason": "Not here.", "media": None},
            "Your upload may not be shown. Not here.",
        ),
    ],
)
def test_sentences(kind: str, names: list[str], count: int, details: dict[str, Any], said: str) -> None:
    assert sentence(NotificationKind(kind), names, count, details) == said


def test_a_mention_says_where() -> None:
    said = [sentence(NotificationKind.MENTION, ["ada"], 1, {}, kind) for kind in (NodeKind.POST, NodeKind.COMMENT)]
    assert said == ["ada mentioned you in a post.", "ada mentioned you in a comment."]


def test_a_kind_that_nobody_is_told_of_has_none() -> None:
    with pytest.raises(LookupError, match="SECURITY"):
        sentence(NotificationKind.SECURITY, [], 0, {})
