"""`cli.py people`: what those who run the house decide about an account."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.errors import ShardUnavailable
from core.settings import Settings
from models.tables import UserState
from services.accounts.lookup import account_named
from services.accounts.suspension import restore, suspend
from services.accounts.verification import set_verified
from services.backend import Backend

app = typer.Typer(help="Suspending and verifying accounts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The username, with or without an @ before it.")]
Change = Callable[[Backend, int], Awaitable[bool]]
"""What is done to an account, by its id; whether that changed anything."""


@dataclass(frozen=True, slots=True)
class Decision:
    change: Change
    becomes: str


DECISIONS = {
    "suspend": Decision(suspend, "suspended"),
    "restore": Decision(restore, "active"),
    "verify": Decision(partial(set_verified, is_verified=True), "verified"),
    "unverify": Decision(partial(set_verified, is_verified=False), "not verified"),
}


@app.command("suspend")
def suspend_account(name: Name) -> None:
    """Take an account off every road, and end what its sockets show. Nothing of it is lost."""
    _run(name, "suspend")


@app.command("restore")
def restore_account(name: Name) -> None:
    """Lift a suspension."""
    _run(name, "restore")


@app.command("verify")
def verify_account(name: Name) -> None:
    """Mark an account as who it says it is."""
    _run(name, "verify")


@app.command("unverify")
def unverify_account(name: Name) -> None:
    """Take the mark away."""
    _run(name, "unverify")


def _run(name: str, decision: str) -> None:
    typer.echo(asyncio.run(decide(attached(Settings()), name, DECISIONS[decision])))


async def decide(settings: Settings, name: str, decision: Decision) -> str:
    """What has become of the account, in a sentence. Raises StartupError where there is none, it is deleted, or a node
    does not answer."""
    try:
        backend = await Backend.open(settings)
    except ShardUnavailable as fault:
        raise StartupError("No database node answers.") from fault
    try:
        account = await account_named(backend, name.removeprefix("@"))
        if account is None:
            raise StartupError(f"Nobody goes by the name {name}.")
        if account.state is UserState.DELETED:
            raise StartupError(f"The account {account.username} is deleted.")
        changed = await decision.change(backend, account.id)
    except ShardUnavailable as fault:
        raise StartupError(f"Node {fault.node} does not answer; run it again when it does.") from fault
    finally:
        await backend.close()
    return f"{account.username} is {decision.becomes}{'' if changed else ' already'}."
