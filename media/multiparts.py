"""Objects that arrive in parts: begun, sent part by part by whoever was given their URLs, and put together."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from media.errors import MultipartGone

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_T = TypeVar("_T")


class Run(Protocol):
    """Does something that blocks beside the loop, about this key."""

    def __call__(self, work: Callable[[], _T], key: str = "") -> Awaitable[_T]: ...


@dataclass(frozen=True, slots=True)
class ArrivedPart:
    """`etag` as the storage writes it, in quotes."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class ListedMultipart:
    """One that is neither complete nor aborted."""

    key: str
    multipart_id: str
    began: datetime


@dataclass(frozen=True, slots=True)
class Multiparts:
    """Of one bucket. `public` signs what clients send. Every method raises StorageUnavailable, and MultipartGone for
    one that is complete or aborted, where nothing else is said."""

    client: "S3Client"
    public: "S3Client"
    bucket: str
    run: Run
    encrypting: Mapping[str, Any]

    async def begin(self, key: str, content_type: str) -> str:
        """The storage's name for it."""
        answer = await self.run(
            lambda: self.client.create_multipart_upload(
                Bucket=self.bucket, Key=key, ContentType=content_type, **self.encrypting
            ),
            key,
        )
        return answer["UploadId"]

    def presign(self, key: str, multipart_id: str, number: int, size: int, seconds: int) -> str:
        """A URL that takes part `number` by PUT, of exactly `size` bytes: Content-Length is signed too. Computed here,
        without asking the storage."""
        url: str = self.public.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "UploadId": multipart_id,
                "PartNumber": number,
                "ContentLength": size,
            },
            ExpiresIn=seconds,
        )
        return url

    async def arrived(self, key: str, multipart_id: str) -> dict[int, ArrivedPart]:
        """By their numbers, 1,000 at most; of one that was sent twice the later."""
        answer = await self.run(lambda: self.client.list_parts(Bucket=self.bucket, Key=key, UploadId=multipart_id), key)
        parts = sorted(answer.get("Parts", ()), key=lambda part: part["LastModified"])
        return {part["PartNumber"]: ArrivedPart(part["PartNumber"], part["Size"], part["ETag"]) for part in parts}

    async def complete(self, key: str, multipart_id: str, parts: Mapping[int, ArrivedPart]) -> None:
        """Makes the object of exactly these parts. Raises PartsRefused where one has become another meanwhile."""
        named: Any = [{"PartNumber": number, "ETag": parts[number].etag} for number in sorted(parts)]
        await self.run(
            lambda: self.client.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=multipart_id, MultipartUpload={"Parts": named}
            ),
            key,
        )

    async def abort(self, key: str, multipart_id: str) -> None:
        """Its parts go, and none is taken any more. Changes nothing where it is complete or aborted."""
        try:
            await self.run(
                lambda: self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id), key
            )
        except MultipartGone:
            return

    async def page(
        self, prefix: str, after: tuple[str, str] = ("", ""), most: int = 1000
    ) -> tuple[list[ListedMultipart], tuple[str, str] | None]:
        """Some whose keys begin with `prefix`, 1,000 at most, and behind which one (`after`) the next page begins; None
        where there is none."""
        answer: Any = await self.run(
            lambda: self.client.list_multipart_uploads(
                Bucket=self.bucket, Prefix=prefix, KeyMarker=after[0], UploadIdMarker=after[1], MaxUploads=most
            )
        )
        found = [ListedMultipart(one["Key"], one["UploadId"], one["Initiated"]) for one in answer.get("Uploads", ())]
        following = (answer.get("NextKeyMarker", ""), answer.get("NextUploadIdMarker", ""))
        return found, following if answer.get("IsTruncated") and found and following != after else None
