import pytest

from services.text import is_blank


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200b\u200d\u2060", "\ufe0f", "\u202e\u202c", "\u3164", "\u2800", "\U000e0061"]
)
def test_what_nobody_sees(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["x", "\u200bx", "\u202eابج", "🫥", "\u0301", ".", "☀️", "\ue000"])
def test_what_somebody_sees(text: str) -> None:
    assert not is_blank(text)
