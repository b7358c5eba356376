"""The embedded object storage: SeaweedFS in one process, of which only the S3 gateway is used."""

import contextlib
import os
import re
import shutil
import sysconfig
from pathlib import Path

from core.embedded.datafolder import DataFolder
from core.embedded.faults import StartupError, data_folder_faults
from core.embedded.ports import LOOPBACK, PortBook
from core.embedded.probe import http_answer, http_status
from core.embedded.processes import ProcessSpec
from core.embedded.starting import start_on_free_ports
from core.embedded.supervision import Supervisor

OK = 200
ACCESS_KEY = "heliograph"
PARTS = ("s3", "master", "volume", "filer")
GRPC_OFFSET = 10_000  # its worker looks for the admin server there, whatever the flag says
SWITCHED_OFF = (
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-master.telemetry=false",
    "-volume.preStopSeconds=0",
)


def find_weed() -> Path:
    """Raises StartupError where neither the package's program nor one on PATH is there."""
    packaged = Path(sysconfig.get_path("scripts")) / "weed"
    if os.access(packaged, os.X_OK):
        return packaged
    if path := shutil.which("weed"):
        return Path(path)
    raise StartupError("weed (SeaweedFS) was not found: run `make setup`, or set HELIOGRAPH_S3_ENDPOINT.")


def has_volumes(topology: tuple[int, bytes] | None) -> bool:
    """Whether the master has heard of the volumes: until then names are known, and no object can be read. `topology` is
    its answer to `/dir/status`."""
    if topology is None or topology[0] != OK:
        return False
    found = re.search(rb'"Max": ?(\d+)', topology[1])
    return found is not None and int(found[1]) > 0


class SeaweedFS:
    def __init__(self, folder: DataFolder, ports: PortBook, supervisor: Supervisor, bucket: str) -> None:
        self._data = folder
        self._ports = ports
        self._supervisor = supervisor
        self._bucket = bucket
        self._secret = folder.secret("s3")
        self._root = folder.path / "seaweedfs"

    async def start(self) -> tuple[str, str, str]:
        """Endpoint, access key and secret key; the bucket is there."""
        binary = find_weed()
        ports: dict[str, int] = {}

        def make(*, fresh: bool) -> ProcessSpec:
            ports.update(self._choose(fresh=fresh))
            return self._spec(binary, ports)

        await start_on_free_ports(self._supervisor, self._data, make)
        return f"http://{LOOPBACK}:{ports['s3.port']}", ACCESS_KEY, self._secret

    def _choose(self, *, fresh: bool) -> dict[str, int]:
        names = [name for part in PARTS for name in (f"{part}.port", f"{part}.port.grpc")]
        ports = {name: self._ports.choose(f"seaweedfs-{name}", fresh=fresh) for name in names}
        admin = self._ports.choose("seaweedfs-admin.port", also=(0, GRPC_OFFSET), fresh=fresh)
        return ports | {"admin.port": admin, "admin.port.grpc": admin + GRPC_OFFSET}

    def _tidy(self, ports: dict[str, int]) -> None:
        """It leaves its sockets in /tmp when it is killed, and its flags in a file that outdoes ours."""
        for port in ports.values():
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its choice
                with contextlib.suppress(OSError):  # another user's, of long ago
                    path.unlink()
        (self._root / "mini.options").unlink(missing_ok=True)

    def _spec(self, binary: Path, ports: dict[str, int]) -> ProcessSpec:
        s3, filer, master = ports["s3.port"], ports["filer.port"], ports["master.port"]

        async def ready() -> bool:
            if await http_status(LOOPBACK, s3, "/status") != OK:
                return False
            if await http_status(LOOPBACK, filer, f"/buckets/{self._bucket}/") != OK:
                return False
            return has_volumes(await http_answer(LOOPBACK, master, "/dir/status"))

        async def tidy() -> None:
            self._tidy(ports)

        with data_folder_faults(self._data.path):
            self._root.mkdir(mode=0o700, exist_ok=True)
        return ProcessSpec(
            name="SeaweedFS",
            argv=(
                str(binary),
                "mini",
                f"-dir={self._root}",
                f"-ip={LOOPBACK}",
                f"-ip.bind={LOOPBACK}",
                f"-bucket={self._bucket}",
                *SWITCHED_OFF,
                *(f"-{name}={port}" for name, port in ports.items()),
            ),
            log=self._data.log / "seaweedfs.log",
            env={"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": self._secret, "HOME": str(self._root)},
            cwd=self._root,
            grace=2.5,
            pass_fds=(self._data.servers_lock,),
            ready=ready,
            prepare=tidy,
            cleanup=tidy,
        )
