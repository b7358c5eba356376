"""The town's films: a slow look around in a part of a photograph, each with what it shows and what one would write."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from commands.town.photographs import PHOTOGRAPHS
from commands.town.pictures import Theme
from core.embedded.faults import StartupError
from media.crops import Box, Tone, cut
from media.errors import MediaProcessingFailed
from media.pans import WHOLE, FilmFormat, Pan, View, film
from models.tables import UploadPurpose

CONTENT_TYPES = {FilmFormat.MP4: "video/mp4", FilmFormat.GIF: "image/gif"}


@dataclass(frozen=True, slots=True)
class Film:
    """`box` is left, top, width and height in the photograph's own pixels, as high for its width as the frame of the
    pan, which moves within it."""

    theme: Theme
    photograph: str
    box: tuple[int, int, int, int]
    pan: Pan
    alt_text: str
    caption: str
    tone: Tone = Tone.NATURAL
    purpose: UploadPurpose = UploadPurpose.POST
    is_among_pictures: bool = False

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.pan.format]

    async def made(self, folder: Path) -> bytes:
        """The same bytes each time. Raises StartupError where it cannot be made."""
        source = folder / PHOTOGRAPHS[self.photograph].file
        picture = await asyncio.to_thread(cut, source, Box(*self.box), self.pan.width, self.tone)
        try:
            return await film(picture, self.pan)
        except MediaProcessingFailed as fault:
            raise StartupError(f"A film of the demo town could not be made: {fault}") from fault


def _upright(start: View, end: View, seconds: float = 4) -> Pan:
    return Pan(start, end, 480, 854, seconds)


def _wide(start: View, end: View, *, has_sound: bool = False) -> Pan:
    return Pan(start, end, 854, 480, 4, has_sound=has_sound)


FILMS: tuple[Film, ...] = (
    Film(
        Theme.SPACE,
        "astronaut",
        (96, 0, 288, 512),
        _upright(WHOLE, View(0.2, 0.03, 0.55)),
        "The camera comes closer to an astronaut's smile",
        "She waited for the shutter. It waited for her.",
        purpose=UploadPurpose.REEL,
    ),
    Film(
        Theme.LAUNCH,
        "rocket",
        (226, 0, 240, 427),
        _upright(View(0.2, 0.48, 0.52), View(0.1, 0.15, 0.7), 5),
        "From the lamps at its foot up along a white rocket at dusk",
        "All the way up. Neck still hurts.",
        purpose=UploadPurpose.REEL,
    ),
    Film(
        Theme.CATS,
        "cat",
        (110, 0, 168, 300),
        _upright(View(0.12, 0.16, 0.5), WHOLE),
        "The green eye of a tabby cat, then half of its face",
        "Slow blink. You are in.",
        purpose=UploadPurpose.REEL,
    ),
    Film(
        Theme.COFFEE,
        "coffee",
        (180, 0, 225, 400),
        _upright(View(0.1, 0.1, 0.5), WHOLE),
        "The crema of an espresso, then the red cup around it",
        "Four seconds of silence before the first call.",
        purpose=UploadPurpose.REEL,
    ),
    Film(
        Theme.SKY,
        "galaxies",
        (0, 60, 450, 800),
        _upright(View(0, 0, 0.9), View(0.08, 0.34, 0.35), 5),
        "The camera falls towards a spiral galaxy among thousands",
        "Falling for four billion years, shortened a little.",
        purpose=UploadPurpose.REEL,
    ),
    Film(
        Theme.CAMERA,
        "camera",
        (110, 0, 288, 512),
        _upright(View(0.1, 0.35, 0.6), View(0.15, 0.05, 0.6)),
        "From the legs of a tripod up to a man behind his camera, in brown tones",
        "Making of the making of.",
        Tone.SEPIA,
        purpose=UploadPurpose.REEL,
    ),
    Film(
        Theme.LAUNCH,
        "rocket",
        (0, 30, 640, 360),
        _wide(WHOLE, View(0.25, 0.2, 0.55), has_sound=True),
        "Closer to a white rocket between four masts, over a low chord",
        "Sound on. That hum is the whole evening.",
    ),
    Film(
        Theme.SKY,
        "galaxies",
        (0, 150, 1000, 562),
        _wide(View(0, 0.3, 0.55), View(0.45, 0.1, 0.55)),
        "Along a field of galaxies, from left to right",
        "A walk through the neighbourhood.",
        Tone.COOL,
    ),
    Film(
        Theme.COFFEE,
        "coffee",
        (120, 0, 400, 400),
        Pan(View(0.05, 0.05, 0.6), View(0.4, 0.35, 0.6), 480, 480, 4),
        "Along a red cup to its spoon",
        "One cup, three looks at it. The middle one moves.",
        is_among_pictures=True,
    ),
    Film(
        Theme.CATS,
        "cat",
        (100, 40, 240, 180),
        Pan(WHOLE, View(0.15, 0.1, 0.7), 240, 180, 2, FilmFormat.GIF, frames_per_second=10),
        "A cat's face comes closer, and goes away again",
        "She is not impressed. On repeat.",
    ),
)
