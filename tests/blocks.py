"""The code blocks of a page, run in one shell as somebody pastes them."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from core.settings import ROOT

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "~~~ end of block"


def bash_blocks(page: Path) -> list[str]:
    return _BLOCK.findall(page.read_text())


async def run_blocks(blocks: list[str], environment: Mapping[str, str], seconds: float = 100) -> list[str]:
    """What each prints, on standard output and standard error. Fails the test where one does not end in time."""
    script = "".join(f"{block}\necho '{_END}'\n" for block in blocks)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-u",
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    talk = asyncio.create_task(shell.communicate(script.encode()))
    try:
        out, _ = await asyncio.wait_for(talk, seconds)
    finally:
        if shell.returncode is None:
            shell.kill()
            await shell.wait()
    printed = out.decode().split(f"{_END}\n")
    assert printed.pop() == "", out.decode()
    assert len(printed) == len(blocks), out.decode()
    return printed
