"""Withdraws all that an owner has posted, in a process of its own, which a test may have killed.

usage: python -m tests.services.closing OWNER_ID
"""

import asyncio
import sys

from core.settings import Settings
from models.ids import shard_of
from services.backend import Backend
from services.withdrawals import withdraw_content


async def main(owner_id: int) -> None:
    backend = await Backend.open(Settings())
    async with backend.transaction(shard_of(owner_id)) as transaction:
        await withdraw_content(transaction, owner_id)
    await backend.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
