"""What follows from a registration or a new name."""

from models.reads.accounts import NAMES_OF_USER
from models.tables import ClaimKind
from services.accounts.claims import Name, settle
from services.outbox import Job


async def confirm_claims(job: Job) -> None:
    """For USER_REGISTERED and USER_RENAMED: the names that the user goes by are confirmed, the one given up is free.

    The mutation has done the same already, unless something died. Raises ShardUnavailable.
    """
    user_id = job.payload["user_id"]
    rows = await job.backend.reader().on_shard_of(user_id, NAMES_OF_USER, user_id)
    names = [Name(ClaimKind.USERNAME, job.payload["old_username"])] if "old_username" in job.payload else []
    for row in rows:
        names += [Name(ClaimKind.USERNAME, row["username"]), Name(ClaimKind.EMAIL, row["email"])]
    for name in names:
        await settle(job.backend, name)
