import secrets

from media.judging.likeness import ALIKE, Likenesses


def with_bits(value: bytes, count: int) -> bytes:
    """The same with so many bits changed."""
    return (int.from_bytes(value, "big") ^ ((1 << count) - 1)).to_bytes(len(value), "big")


def test_the_nearest_of_many() -> None:
    held, wanted = Likenesses(), secrets.token_bytes(32)
    assert held.nearest([wanted]) is None
    assert not held.knows([wanted])
    for _ in range(30):
        held.add(secrets.token_bytes(32 * 100))
    assert len(held) == 3000
    assert not held.knows([wanted])
    held.add(with_bits(wanted, 200))
    held.add(with_bits(wanted, ALIKE + 1))
    assert held.nearest([wanted]) == ALIKE + 1
    assert not held.knows([wanted])
    held.add(with_bits(wanted, ALIKE))
    assert held.nearest([secrets.token_bytes(32), wanted]) == ALIKE
    assert held.knows([secrets.token_bytes(32), wanted])
    assert held.nearest([]) is None
    assert not held.knows([])
