"""What HEIC and AVIF claim, and every way in which the claims make no sense."""

import io
import mmap
import time
from collections.abc import Iterable
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from media.errors import MediaRejected, RejectionReason
from media.heif import MOST_BOXES, MOST_ITEMS, MOST_UNKNOWN, Heif, look_at_heif
from tests.media.av1s import REDUCED, SEQUENCE, bits, size, unit
from tests.media.heifs import File, Item, box, clap, full, grid, ispe, nclx, number, plain
from tests.pictures import photograph

Why = RejectionReason
PLAIN = bytes(File({1: Item()}))


def refusal(data: bytes) -> RejectionReason:
    with pytest.raises(MediaRejected) as caught:
        look_at_heif(data)
    return caught.value.reason


def encoded(size: tuple[int, int] = (600, 400), **options: object) -> bytes:
    """A HEIC of pillow-heif."""
    written = io.BytesIO()
    pillow_heif.from_pillow(photograph().resize(size)).save(written, **options)
    return written.getvalue()


def tiled(
    rows: int = 2, columns: int = 3, size: tuple[int, int] = (700, 500), tile: tuple[int, int] = (256, 256)
) -> File:
    tiles = {number: Item(properties=(ispe(*tile),)) for number in range(2, 2 + rows * columns)}
    whole = Item(b"grid", grid(rows, columns, *size), (ispe(*size),), tuple(tiles), is_inside=True)
    return File({1: whole} | tiles)


def test_what_encoders_write() -> None:
    assert look_at_heif(encoded()) == plain(nclx=(1, 13))
    written = io.BytesIO()
    photograph().save(written, "AVIF")
    assert look_at_heif(written.getvalue()) == plain(codec="AV1", nclx=(1, 13))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_turned_is_described_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = look_at_heif(encoded(exif=exif.tobytes()))
    assert (found.width, found.height) == ((600, 400) if orientation < 5 else (400, 600))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item(), plain()),
        (Item(b"av01"), plain(codec="AV1")),
        (Item(properties=(ispe(600, 400), nclx(12, 13))), plain(nclx=(12, 13))),
        (Item(properties=(ispe(600, 400), nclx(12, 13), box(b"colr", b"prof", b"..."))), plain()),
        (Item(properties=(ispe(600, 400), box(b"irot", b"\1"))), plain(width=400, height=600)),
        (Item(properties=(ispe(600, 400), box(b"irot", b"\2"))), plain()),
        (Item(properties=(ispe(600, 400), clap(500, 300))), plain(width=500, height=300, crop=(50, 50, 500, 300))),
        (Item(properties=(ispe(600, 400), clap(1001, 601, 2))), plain(width=500, height=300, crop=(50, 50, 500, 300))),
        (
            Item(properties=(ispe(600, 400), clap(500, 300, left=-50, top=10), box(b"irot", b"\3"))),
            plain(width=300, height=500, crop=(0, 60, 500, 300)),
        ),
        (Item(content=b"12345678", is_inside=True), plain()),
    ],
)
def test_what_is_claimed(item: Item, expected: Heif) -> None:
    assert look_at_heif(bytes(File({1: item}))) == expected


def test_the_largest_claim_is_found_wherever_it_is() -> None:
    hidden = Item(properties=(ispe(40_000, 30_000),))
    assert look_at_heif(bytes(File({1: Item(), 7: hidden}))) == plain(largest=(40_000, 30_000))


def av1(width: int, height: int) -> Item:
    """64×64 by its box."""
    return Item(b"av01", unit(SEQUENCE, bits(*REDUCED, *size(width, height))), (ispe(64, 64),))


def test_what_av1_says_of_itself_is_a_claim() -> None:
    assert look_at_heif(bytes(File({1: av1(64, 64)}))).largest == (64, 64)
    assert look_at_heif(bytes(File({1: av1(64, 64), 2: av1(9000, 8000), 3: av1(70, 80)}))).largest == (9000, 8000)


def test_also_where_it_lies_in_pieces() -> None:
    item = av1(9000, 8000)

    def file(*places: tuple[int, int]) -> bytes:
        extents = b"".join(number(begin, 4) + number(length, 4) for begin, length in places)
        head = number(1) + number(1) + number(0) + number(0) + number(len(places))
        return bytes(File({1: item}, parts={b"iloc": full(b"iloc", b"\x44\0", head, extents, version=1)}))

    begin, half = file((0, 1), (0, 1)).index(item.content), len(item.content) // 2
    found = look_at_heif(file((begin, half), (begin + half, len(item.content) - half)))
    assert found.largest == (9000, 8000)
    with pytest.raises(MediaRejected) as caught:
        look_at_heif(file((0, 100), *[(0, 100)] * 9))
    assert caught.value.reason is Why.TOO_COMPLEX


def test_a_grid() -> None:
    assert look_at_heif(bytes(tiled())) == plain(width=700, height=500, largest=(700, 500), tiles=6)
    assert look_at_heif(encoded((700, 500), tile_size=256)).tiles == 6


@pytest.mark.parametrize(
    "file",
    [
        tiled(size=(513, 257)),
        tiled(size=(768, 512)),
    ],
)
def test_a_grid_is_filled_by_its_tiles(file: File) -> None:
    assert look_at_heif(bytes(file)).tiles == 6


BROKEN = {
    "too few tiles": tiled(size=(769, 500)),
    "too many columns": tiled(size=(512, 500)),
    "too many rows": tiled(size=(700, 256)),
    "a tile is missing": File({1: Item(b"grid", grid(1, 2, 700, 200), (ispe(700, 200),), (2, 3)), 2: Item()}),
    "a tile is not listed": File({1: Item(b"grid", grid(1, 2, 1200, 400), (ispe(1200, 400),), (2,)), 2: Item()}),
    "another size": File({1: Item(b"grid", grid(1, 1, 600, 400), (ispe(500, 400),), (2,)), 2: Item()}),
    "two codecs": File(
        {1: Item(b"grid", grid(1, 2, 1200, 400), (ispe(1200, 400),), (2, 3)), 2: Item(), 3: Item(b"av01")}
    ),
    "two sizes": File(
        {
            1: Item(b"grid", grid(1, 2, 1200, 400), (ispe(1200, 400),), (2, 3)),
            2: Item(),
            3: Item(properties=(ispe(9, 9),)),
        }
    ),
    "nothing of it": File({1: Item(b"grid", b"\0\0", (ispe(600, 400),), (2,)), 2: Item()}),
    "no primary": File({1: Item()}, primary=2),
    "no size": File({1: Item(properties=())}),
    "size 0": File({1: Item(properties=(ispe(0, 400),))}),
    "cut out larger": File({1: Item(properties=(ispe(600, 400), clap(601, 400)))}),
    "cut out by 0": File({1: Item(properties=(ispe(600, 400), clap(600, 400, 0)))}),
    "two of a kind": File({1: Item()}, extra=full(b"pitm", number(1))),
    "half a box": File({1: Item()}, extra=b"\0\0\0\x40free"),
    "an unknown property": File(
        {1: Item()}, parts={b"iprp": box(b"iprp", box(b"ipco"), full(b"ipma", b"\0\0\0\1\0\1\1\5"))}
    ),
    "two properties of one kind": File(
        {1: Item()}, parts={b"iprp": box(b"iprp", box(b"ipco", ispe(1, 1)), box(b"ipco"))}
    ),
    "two items of a number": File(
        {1: Item()}, parts={b"iinf": full(b"iinf", b"\0\2", *[full(b"infe", b"\0\1\0\0hvc1\0", version=2)] * 2)}
    ),
    "made of a made one": File({1: Item()}, parts={b"iloc": full(b"iloc", b"\x44\0\0\1\0\1\0\2\0\0\0\0", version=1)}),
    "places cut": File({1: Item()}, parts={b"iloc": full(b"iloc", b"\x44\0\0\5", version=1)}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_makes_no_sense(name: str) -> None:
    assert refusal(bytes(BROKEN[name])) is Why.DAMAGED


@pytest.mark.parametrize("kind", [b"pitm", b"iinf", b"iloc", b"iprp"])
def test_a_box_that_is_missing(kind: bytes) -> None:
    assert refusal(bytes(File({1: Item()}, parts={kind: b""}))) is Why.DAMAGED


@pytest.mark.parametrize("data", [PLAIN, bytes(tiled()), encoded((64, 64))], ids=["plain", "grid", "encoded"])
def test_every_prefix_is_cut(data: bytes) -> None:
    look_at_heif(data)
    look_at_heif(data + b"a film that a phone appended")
    for end in range(len(data)):
        assert refusal(data[:end]) is Why.TRUNCATED, end


def test_a_sequence_without_a_picture() -> None:
    assert refusal(box(b"ftyp", b"msf1", number(0, 4)) + box(b"moov", b"....")) is Why.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    ("kind", "reason", "said"),
    [
        (b"vvc1", Why.UNSUPPORTED_CODEC, "This picture is coded as VVC; HEIC is taken with HEVC, AVIF with AV1."),
        (b"jpeg", Why.UNSUPPORTED_CODEC, "This picture is coded as JPEG; HEIC is taken with HEVC, AVIF with AV1."),
        (b"iovl", Why.TOO_COMPLEX, "This picture takes more work to open than a picture should."),
        (b"iden", Why.TOO_COMPLEX, "This picture takes more work to open than a picture should."),
    ],
)
def test_what_is_not_decoded(kind: bytes, reason: RejectionReason, said: str) -> None:
    with pytest.raises(MediaRejected) as caught:
        look_at_heif(bytes(File({1: Item(kind)})))
    assert (caught.value.reason, caught.value.message) == (reason, said)


def entries(count: int) -> bytes:
    return b"".join(full(b"infe", number(one, 4), b"\0\0hvc1\0", version=3) for one in range(count))


def refers(one: int, others: Iterable[int]) -> bytes:
    listed = list(others)
    return box(b"thmb", number(one), number(len(listed)), *map(number, listed))


UNKNOWN_ASSOCIATED = b"".join(number(one) + b"\0" for one in range(2, MOST_UNKNOWN + 3))
UNKNOWN_PLACED = b"".join(number(one) + bytes(6) for one in range(2, MOST_UNKNOWN + 3))
MANY = full(b"ipma", number(9999, 4), (b"\0\1\xff" + b"\1" * 255) * 999)
BOMBS: dict[str, File | bytes] = {
    "boxes": File({1: Item()}, extra=box(b"free") * (MOST_BOXES + 1)),
    "boxes before it": box(b"ftyp", b"heic", number(0, 4)) + box(b"free") * (MOST_BOXES + 1) + PLAIN,
    "items": File({1: Item()}, parts={b"iinf": full(b"iinf", number(9999, 4), entries(MOST_ITEMS + 1), version=1)}),
    # Extents that take no bytes at all, 65,535 of each item.
    "places": File(
        {1: Item()}, parts={b"iloc": full(b"iloc", b"\0\0", number(9), b"\0\1\0\0\0\0\xff\xff" * 9, version=1)}
    ),
    "associations": File({1: Item()}, parts={b"iprp": box(b"iprp", box(b"ipco", ispe(1, 1)), MANY)}),
    "references": File(
        {1: Item()}, parts={b"iref": full(b"iref", *[box(b"thmb", b"\0\1\xff\xff", b"\0\1" * 65_535)] * 3)}
    ),
    # Each of them is named, none is described.
    "items referred to": File({1: Item()}, parts={b"iref": full(b"iref", refers(1, range(2, MOST_UNKNOWN + 3)))}),
    "items that refer": File(
        {1: Item()}, parts={b"iref": full(b"iref", *(refers(one, [1]) for one in range(2, MOST_UNKNOWN + 3)))}
    ),
    "items with properties": File(
        {1: Item()},
        parts={
            b"iprp": box(
                b"iprp", box(b"ipco", ispe(1, 1)), full(b"ipma", number(MOST_UNKNOWN + 1, 4), UNKNOWN_ASSOCIATED)
            )
        },
    ),
    "items with places": File(
        {1: Item()}, parts={b"iloc": full(b"iloc", b"\0\0", number(MOST_UNKNOWN + 1), UNKNOWN_PLACED, version=1)}
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_more_than_a_picture_needs(name: str) -> None:
    data = bytes(BOMBS[name])
    began = time.process_time()
    assert refusal(data) is Why.TOO_COMPLEX
    assert time.process_time() - began < 1


def test_a_few_items_may_be_named_and_not_described() -> None:
    others = refers(1, range(2, MOST_UNKNOWN + 2))
    assert look_at_heif(bytes(File({1: Item()}, parts={b"iref": full(b"iref", others)}))) == plain()


SEEDS = [PLAIN, bytes(tiled()), encoded((64, 64)), bytes(BROKEN["places cut"])]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(
        st.tuples(st.integers(0, 1200), st.binary(min_size=0, max_size=8), st.integers(0, 8)), max_size=12
    ),
)
@example(seed=PLAIN, changes=[])
def test_whatever_is_changed_it_answers(seed: bytes, changes: list[tuple[int, bytes, int]]) -> None:
    """Bytes put in the place of others, taken out, or put between: a description or a refusal."""
    data = bytearray(seed)
    for at, new, gone in changes:
        data[at : at + gone] = new
    answers(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_is_in_the_boxes_it_answers(content: bytes) -> None:
    for kind in (b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat"):
        answers(bytes(File({1: Item()}, parts={kind: box(kind, content)})))
    answers(content)


def answers(data: bytes) -> None:
    try:
        found = look_at_heif(data)
    except MediaRejected as rejected:
        assert rejected.message  # noqa: PT017  whichever it is
    else:
        assert found.width * found.height >= 1
        assert found.tiles <= MOST_ITEMS


def test_a_mapped_file(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(PLAIN)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert look_at_heif(data) == plain()
