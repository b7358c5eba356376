"""Pictures beside each other, to be looked at."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.pictures import encoded


def contact_sheet(shown: dict[str, Path]) -> bytes:
    """Each JPEG variant under its name."""
    columns, across, down = 6, 180, 142
    sheet = Image.new("RGB", (columns * across, -(-len(shown) // columns) * down), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, (name, path) in enumerate(shown.items()):
        left, top = number % columns * across, number // columns * down
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((across - 8, down - 22))
        sheet.paste(picture, (left + 4, top + 18))
        pen.text((left + 4, top + 1), name, "black", font)
    return encoded(sheet, quality=80)
