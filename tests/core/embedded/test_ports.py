import json
import socket
from pathlib import Path

from core.embedded.ports import FIRST, LAST, LOOPBACK, PortBook, is_free


def test_a_port_is_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    chosen = {name: book.choose(name) for name in ("a", "b", "c")}
    assert len(set(chosen.values())) == 3
    assert all(FIRST <= port < LAST for port in chosen.values())
    again = PortBook(tmp_path / "ports.json")
    assert {name: again.choose(name) for name in ("c", "a", "b")} == chosen


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    port = PortBook(tmp_path / "ports.json").choose("a")
    with socket.socket() as other:
        other.bind((LOOPBACK, port))
        other.listen()
        assert not is_free(port)
        assert PortBook(tmp_path / "ports.json").choose("a") != port


def test_a_fresh_port_is_another_one(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    first = book.choose("a")
    second = book.choose("a", fresh=True)
    assert second != first
    assert json.loads((tmp_path / "ports.json").read_text()) == {"a": second}


def test_a_torn_book_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"a": 20')
    assert is_free(PortBook(tmp_path / "ports.json").choose("a"))


def test_ports_at_an_offset_are_free_too(tmp_path: Path) -> None:
    port = PortBook(tmp_path / "ports.json").choose("admin", also=(0, 10_000))
    assert is_free(port)
    assert is_free(port + 10_000)
