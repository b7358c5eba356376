"""Who may keep a picture or a film, and for how long: one table, by the policy for which its URL was signed."""

from dataclasses import dataclass

from media.signing import CachePolicy, Grant

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Kept:
    """Seconds that a browser keeps an answer, and a shared cache (None: it keeps nothing)."""

    browser: int
    shared: int | None


_WITHDRAWABLE = 300
"""A browser asks again after so long, also where it could not be answered then, so that what was withdrawn goes."""

KEPT = {
    CachePolicy.PUBLIC: Kept(_WITHDRAWABLE, 30 * _DAY),
    CachePolicy.AVATAR: Kept(_WITHDRAWABLE, _DAY),
    CachePolicy.STORY: Kept(_WITHDRAWABLE, 3_600),
    CachePolicy.PRIVATE: Kept(_WITHDRAWABLE, None),
}


def cache_headers(grant: Grant, token: str, seconds_left: float) -> dict[str, str]:
    """Of an answer to a URL that is good for `seconds_left` more.

    No browser keeps it for longer than that. A shared cache may: it holds what anybody may see, and is purged by the
    tags that stand in its answers (`media.cdn`).
    """
    kept = KEPT[grant.policy]
    browser = max(0, min(kept.browser, int(seconds_left)))
    if kept.shared is None:
        return {"Cache-Control": f"private, max-age={browser}, must-revalidate, immutable"}
    tags = (token, owner_tag(grant.owner_id))
    return {
        "Cache-Control": f"public, max-age={browser}, s-maxage={kept.shared}, must-revalidate, immutable",
        "Surrogate-Key": " ".join(tags),
        "Cache-Tag": ",".join(tags),
    }


def owner_tag(owner_id: int) -> str:
    """What the answers with anything of one owner are tagged with, beside the token of each."""
    return f"o-{owner_id}"
