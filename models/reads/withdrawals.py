"""Pictures that were withdrawn: on their owner's shard."""

# $1 seconds: all that was withdrawn since then
RECENT = """
    SELECT owner_id, rendition, below_epoch FROM withdrawn_media
    WHERE withdrawn_at > (SELECT clock_now()) - make_interval(secs => $1)
"""

# $1 id of the owner, $2 renditions or words of `services.withdrawals.Scope`
WITHDRAWN = "SELECT owner_id, rendition, below_epoch FROM withdrawn_media WHERE owner_id = $1 AND rendition = ANY($2)"
