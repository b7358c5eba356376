import pytest

from core.sealed import MOST_BYTES, Seal


def test_the_same_secret_opens_it() -> None:
    for raw in (b"1", b"\0" * 8, bytes(range(MOST_BYTES))):
        assert Seal("one").open(Seal("one").close(raw)) == raw
        with pytest.raises(ValueError, match="not sealed with this secret"):
            Seal("other").open(Seal("one").close(raw))


def test_one_changed_character_opens_nothing() -> None:
    seal = Seal("one")
    closed = seal.close(b"12345678")
    for place, character in enumerate(closed):
        with pytest.raises(ValueError):  # noqa: PT011  whatever it is that does not fit
            seal.open(closed[:place] + ("A" if character != "A" else "B") + closed[place + 1 :])


@pytest.mark.parametrize("text", ["", "A", "AAAA", "A" * 22, "ä" * 24, "A" * 40 + "=", "+" * 40, "\ud800" * 24])
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it is that does not fit
        Seal("one").open(text)


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        Seal("one").open("A" * 4 * MOST_BYTES)
