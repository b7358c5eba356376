"""`cli.py migrate`: every node to the newest migration."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.embedded.faults import StartupError
from core.settings import Settings
from models.migrate import WrongNode, head, migrate, node_urls


def run(data: Annotated[Path, typer.Option(help="Data folder of a running stack.")] = Path(".data")) -> None:
    """Bring every node to the newest migration. What one node's failure left undone is done by running it again."""
    try:
        urls = node_urls({"HELIOGRAPH_DATA": str(data), **os.environ})
    except LookupError as fault:
        raise StartupError(str(fault)) from fault
    settings = Settings().model_copy(update={"database_urls": urls})
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        tasks = [progress.add_task(f"node {number}: waiting", total=1) for number in range(len(urls))]

        def show(node: int, step: str) -> None:
            progress.update(tasks[node], description=f"node {node}: {step}", completed=step == "ready")

        try:
            migrate(settings, show)
        except WrongNode as fault:
            raise StartupError(str(fault)) from fault
    print(f"{len(urls)} nodes at migration {head()}")
