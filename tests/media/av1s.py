"""AV1, unit by unit: what encoders write, and what they do not."""

SEQUENCE, FRAME, DELIMITER = 1, 6, 2


def unit(kind: int, content: bytes, *, has_size: bool = True, extension: bytes = b"") -> bytes:
    size = len(content)
    coded = bytes([size & 127 | 128, size >> 7]) if has_size else b""
    return bytes([kind << 3 | bool(extension) << 2 | has_size << 1]) + extension + coded + content


def bits(*parts: tuple[int, int]) -> bytes:
    """Each a value and how many bits it takes."""
    written = "".join(f"{value:0{count}b}" for value, count in parts if count)
    return int(written.ljust(-(-len(written) // 8) * 8, "0"), 2).to_bytes(-(-len(written) // 8), "big")


def size(width: int, height: int, bits_each: int = 16) -> list[tuple[int, int]]:
    return [(bits_each - 1, 4)] * 2 + [(width - 1, bits_each), (height - 1, bits_each)]


REDUCED = [(0, 3), (1, 1), (1, 1), (31, 5)]
