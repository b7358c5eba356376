"""Registers people in a process of its own, which a test may have killed: one line of JSON per answer.

usage: python -m tests.services.accounts.registrar USERNAME EMAIL…    (all at once)
"""

import asyncio
import json
import sys

from core.errors import UserFault
from core.settings import Settings
from services.accounts.register import Registration, register
from services.accounts.sessions import Origin
from services.backend import Backend
from services.visible import MediaLinks
from tests.factories import PASSWORD


async def main(username: str, emails: list[str]) -> None:
    backend = await Backend.open(Settings())

    async def one(email: str) -> None:
        try:
            answer = await register(
                backend, MediaLinks(backend.signer), Registration(username, email, PASSWORD), Origin()
            )
        except UserFault as fault:
            sys.stdout.write(json.dumps({"email": email, "code": fault.code, "field": fault.field}) + "\n")
        else:
            sys.stdout.write(json.dumps({"email": email, "user_id": answer.viewer.id}) + "\n")
        sys.stdout.flush()

    await asyncio.gather(*(one(email) for email in emails))
    await backend.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
