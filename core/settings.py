"""Every setting of the server, read from HELIOGRAPH_* environment variables.

`docs/configuration.md` describes each; a test holds that page complete.
"""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class S3Encryption(StrEnum):
    NONE = "none"
    AES256 = "AES256"
    KMS = "aws:kms"


class Settings(BaseSettings):
    """Raises pydantic.ValidationError, naming each variable that is missing or malformed."""

    model_config = SettingsConfigDict(env_prefix="HELIOGRAPH_", extra="ignore", frozen=True)

    env: Environment = Field(Environment.DEVELOPMENT, description="`development` or `production`.")
    data: Path = Field(ROOT / ".data", description="Folder of the embedded servers and of what is kept between starts.")
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs tokens and media URLs, seals cursors. Required in production; made and kept in development.",
    )

    database_urls: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="PostgreSQL nodes, comma-separated, in the order of their numbers."
    )
    database_pool_size: int = Field(
        10, ge=1, le=200, description="Connections per node, process and kind (reads, writes)."
    )
    database_statement_timeout: float = Field(10, gt=0, le=600, description="Seconds that one SQL statement may take.")
    logical_shards: int = Field(64, ge=1, le=8192, description="Logical shards; fixed once the first node is set up.")
    redis_url: str = Field("", description="Timelines, live events, caches. May be lost at any time.")
    queue_url: str = Field("", description="The jobs' Redis, without eviction.")
    s3_endpoint: str = Field("", description="Object storage as the servers reach it.")
    s3_public_endpoint: str = Field(
        "", description="Object storage as clients reach it; the same as `s3_endpoint` if empty."
    )
    s3_access_key: str = Field("", description="Object storage access key.")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="Object storage secret key.")
    s3_bucket: str = Field("heliograph", description="Bucket of uploads and pictures.")
    s3_region: str = Field("us-east-1", description="Region that requests to object storage are signed for.")
    public_url: str = Field(
        "",
        description="Where clients reach this server; media URLs begin with it. If empty: the request's own host.",
    )

    media_base_url: str = Field(
        "",
        description="What media URLs begin with: a network of caches that pulls from this server. If empty: as"
        " `public_url`.",
    )
    cdn_purge_url: str = Field(
        "", description='Where that network is told to forget, by `POST {"tags": […]}`; nobody is told if empty.'
    )
    cdn_token: SecretStr = Field(SecretStr(""), description="Bearer token for `cdn_purge_url`.")
    cdn_timeout_seconds: float = Field(2, gt=0, le=3, description="How long one request to that network may take.")
    cdn_warm: bool = Field(False, description="Whether that network is made to fetch the pictures of new public posts.")
    upload_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Origins of web pages that may upload to the storage, comma-separated; any if empty.",
    )
    s3_encryption: S3Encryption = Field(
        S3Encryption.NONE,
        description="Encryption at rest that the storage is asked for: `none`, `AES256` or `aws:kms`.",
    )

    access_token_seconds: int = Field(3600, ge=1, description="Life of an access token.")
    refresh_token_seconds: int = Field(
        7 * 86400, ge=1, description="Life of a refresh token; each use gives a new one."
    )
    claim_seconds: int = Field(
        30, ge=1, description="How long a name is held for a registration that has not finished."
    )
    password_memory_kib: int = Field(
        19_456, ge=8, le=4_194_304, description="Memory that hashing one password takes (argon2id), in KiB."
    )
    password_passes: int = Field(2, ge=1, le=100, description="Passes over that memory.")
    password_threads: int = Field(2, ge=1, le=64, description="Passwords hashed at once per process.")
    upload_seconds: int = Field(3600, ge=1, description="How long a presigned upload is valid.")
    upload_max_bytes: int = Field(10 * 1024 * 1024, ge=1, description="Largest picture that is taken, in bytes.")
    upload_part_bytes: int = Field(
        8 * 1024 * 1024,
        ge=5 * 1024 * 1024,
        le=512 * 1024 * 1024,
        description="Videos that are larger are sent in parts of so many bytes.",
    )
    video_max_bytes: int = Field(
        100 * 1024 * 1024, ge=1, le=2**31 - 1, description="Largest video that is taken, in bytes."
    )
    uploads_per_day: int = Field(
        100, ge=0, description="Files that one person may announce within 24 hours; 0 for any number."
    )
    photographs_per_month: int = Field(
        500, ge=0, description="Pictures that one person may announce within 30 days; 0 for any number."
    )
    videos_per_month: int = Field(
        100, ge=0, description="Videos that one person may announce within 30 days; 0 for any number."
    )
    image_max_pixels: int = Field(100_000_000, ge=1, description="Largest picture, width times height.")
    image_max_side: int = Field(20_000, ge=1, description="Widest and highest picture, in pixels.")
    video_max_seconds: float = Field(60, gt=0, le=600, description="Longest video, in seconds, but for reels.")
    reel_max_seconds: float = Field(90, gt=0, le=600, description="Longest reel, in seconds.")
    media_url_seconds: int = Field(
        86400, ge=60, description="Time bucket of signed media URLs; one is valid for one to two buckets."
    )

    timeline_length: int = Field(1000, ge=1, description="Post ids kept in a viewer's timeline.")
    timeline_days: int = Field(14, ge=1, le=36_500, description="A viewer not seen for this long has no timeline kept.")
    fanout_chunk: int = Field(5000, ge=1, le=10_000, description="Followers served per step of a fan-out.")
    sponsored_every: int = Field(
        0,
        ge=0,
        le=100,
        description="A sponsored post stands behind so many others of a ranked feed: 3 to 100; 0 for none.",
    )
    suggest_below_follows: int = Field(
        10,
        ge=0,
        le=100,
        description="Who follows fewer people than this is suggested some, in ranked feeds; 0 for nobody.",
    )
    explore_pool: int = Field(
        500, ge=1, le=5_000, description="Newest public posts of each node that explore and reels look through."
    )
    ranked_candidates: int = Field(
        1000, ge=1, le=10_000, description="So many of the latest posts of a home feed are ranked."
    )
    impression_retention_days: int = Field(
        90, ge=1, le=36_500, description="How long it is kept what a viewer was shown."
    )

    pull_from_followers: int = Field(
        10_000,
        ge=1,
        description="Who has so many followers is no longer pushed into their timelines, but read when they read.",
    )
    push_below_followers: int = Field(
        9_000,
        ge=1,
        description="An author whose followers have become fewer than this is pushed again; less than"
        " `pull_from_followers`, so that nobody goes to and fro.",
    )

    job_max_tries: int = Field(8, ge=1, description="Tries of a job before it is dead-lettered.")
    job_backoff_seconds: float = Field(
        1.0, gt=0, description="Wait after the first failed try; doubles with each further one."
    )
    job_backoff_max_seconds: float = Field(300.0, gt=0, description="Longest wait between two tries.")
    relay_poll_seconds: float = Field(
        1.0, gt=0, description="How often the outbox is looked through without being woken."
    )
    sweep_after_seconds: float = Field(
        10.0, gt=0, description="A delivery still unfinished after this is queued again."
    )
    event_retention_days: int = Field(30, ge=1, description="How long finished events are kept.")
    media_niceness: int = Field(
        10, ge=0, le=19, description="How far workers of pictures and films give way to everybody else, 0 to 19."
    )

    most_followed: int = Field(
        7500, ge=1, description="How many people one person may follow, those who are asked included."
    )

    profanity_filter: bool = Field(True, description="Whether comments with swear words or slurs are refused.")
    repeats_max: int = Field(
        5, ge=1, le=1000, description="How often a person may say the same within `repeats_seconds`."
    )
    repeats_seconds: int = Field(600, ge=1, description="How long what a person said counts as said before.")

    nudity_check: bool = Field(True, description="Whether pictures and films are scored for nudity.")
    nudity_hold_above: float = Field(
        0.8, ge=0, le=1, description="What scores higher, from 0 to 1, waits for a moderator."
    )
    nudity_reject_above: float = Field(
        0.95, ge=0, le=1, description="What scores higher is refused; not less than `nudity_hold_above`."
    )
    rejected_days: int = Field(
        30, ge=0, le=36_500, description="How long the files of what was refused are kept, for who asks why."
    )

    query_max_depth: int = Field(15, ge=1, description="Deepest nesting of an operation.")
    query_max_tokens: int = Field(4000, ge=1, description="Longest operation, in tokens.")
    query_max_aliases: int = Field(60, ge=1, description="Most aliases in an operation.")
    query_max_cost: int = Field(
        20_000, ge=1, description="Highest cost of an operation: fields, multiplied by page sizes."
    )
    query_max_answer: int = Field(
        30_000, ge=1, description="Most fields in an answer, those of lists without a page size counted too."
    )
    miss_step_seconds: float = Field(
        0.01,
        ge=0,
        le=1,
        description="An answer that finds nothing under an id or a name leaves at a multiple of this, of as many times"
        " this as it asks for such, so that its time does not tell whether there is something hidden; 0 for at once.",
    )
    request_max_bytes: int = Field(1_000_000, ge=1, description="Largest request body.")
    operation_timeout_seconds: float = Field(30, gt=0, description="Longest time one operation may take.")

    log_level: LogLevel = Field(LogLevel.INFO, description="Lowest level that is logged: `DEBUG` to `CRITICAL`.")
    log_format: LogFormat = Field(
        LogFormat.AUTO, description="`json`, `console`, or `auto`: console at a terminal, else JSON."
    )

    @field_validator("database_urls", "upload_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("media_base_url")
    @classmethod
    def _a_base(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("Input should be empty, or begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _pushed_again_below_the_line(self) -> "Settings":
        if self.push_below_followers >= self.pull_from_followers:
            raise ValueError("HELIOGRAPH_PUSH_BELOW_FOLLOWERS must be less than HELIOGRAPH_PULL_FROM_FOLLOWERS")
        return self

    @field_validator("sponsored_every")
    @classmethod
    def _not_too_often(cls, value: int) -> int:
        if 0 < value < 3:
            raise ValueError("Input should be 0, or from 3 to 100")
        return value

    @model_validator(mode="after")
    def _held_before_rejected(self) -> "Settings":
        if self.nudity_hold_above > self.nudity_reject_above:
            raise ValueError("HELIOGRAPH_NUDITY_HOLD_ABOVE must not be more than HELIOGRAPH_NUDITY_REJECT_ABOVE")
        return self

    @model_validator(mode="after")
    def _production_needs_a_secret(self) -> "Settings":
        if self.env is Environment.PRODUCTION and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("HELIOGRAPH_SECRET_KEY must be set to 32 characters or more in production")
        return self


@lru_cache(maxsize=1)
def settings() -> Settings:
    return Settings()
