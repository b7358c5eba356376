import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from core.embedded.seaweedfs import has_volumes
from core.embedded.stack import Stack
from tests.core.embedded.waiting import until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def client_of(stack: Stack, secret: str | None = None) -> "S3Client":
    settings = stack.settings
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=secret or settings.s3_secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def test_the_bucket_is_there_and_signatures_are_checked(own_stack: Stack) -> None:
    client_of(own_stack).head_bucket(Bucket=own_stack.settings.s3_bucket)
    with pytest.raises(ClientError, match=r"SignatureDoesNotMatch|403"):
        client_of(own_stack, "wrong").put_object(Bucket=own_stack.settings.s3_bucket, Key="x", Body=b"x")


def test_it_is_ready_once_the_volumes_are_known() -> None:
    known = b'{"Topology":{"DataCenters":[],"Free":7,"Layouts":[],"Max":8},"Version":"4"}'
    assert has_volumes((200, known))
    assert not has_volumes((200, known.replace(b'"Max":8', b'"Max":0')))
    assert not has_volumes((200, b"{}"))
    assert not has_volumes((500, known))
    assert not has_volumes(None)


def test_it_listens_on_loopback_alone_and_on_chosen_ports(own_stack: Stack) -> None:
    process = psutil.Process(own_stack.supervisor.pid("SeaweedFS"))
    listening = {
        connection.laddr for connection in process.net_connections("inet") if connection.status == psutil.CONN_LISTEN
    }
    assert {address.ip for address in listening} == {"127.0.0.1"}
    stated = {int(word.rpartition("=")[2]) for word in process.cmdline() if ".port" in word} - {0}
    assert {address.port for address in listening} <= stated
    assert own_stack.folder.secret("s3") not in " ".join(process.cmdline())


async def test_killed_it_is_back_with_every_finished_object(own_stack: Stack, reports: list[str]) -> None:
    client, bucket = client_of(own_stack), own_stack.settings.s3_bucket
    bodies = {f"kept/{number}": os.urandom(1000 * (number + 1)) for number in range(20)}
    for key, body in bodies.items():
        client.put_object(Bucket=bucket, Key=key, Body=body)
    port = own_stack.settings.s3_endpoint.rpartition(":")[2]
    stale = Path(f"/tmp/seaweedfs-stale-{port}.sock")  # noqa: S108 - where it puts its own
    stale.touch()
    os.kill(own_stack.supervisor.pid("SeaweedFS"), signal.SIGKILL)
    await until(lambda: "SeaweedFS is back" in reports, 20)
    client = client_of(own_stack)
    found = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in bodies}
    assert found == bodies
    assert not stale.exists()
