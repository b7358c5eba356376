"""The town's pictures: parts of photographs, each with what it shows and what one would write below it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from commands.town.photographs import PHOTOGRAPHS
from media.crops import Box, Tone, cut


class Theme(StrEnum):
    SPACE = "space"
    LAUNCH = "launch"
    SKY = "sky"
    CAMERA = "camera"
    CATS = "cats"
    COFFEE = "coffee"
    COINS = "coins"
    STREETS = "streets"


@dataclass(frozen=True, slots=True)
class Picture:
    """`box` is left, top, width and height in the photograph's own pixels."""

    theme: Theme
    photograph: str
    box: tuple[int, int, int, int]
    alt_text: str
    caption: str
    tone: Tone = Tone.NATURAL

    def jpeg(self, folder: Path, width: int) -> bytes:
        """At most this many pixels wide."""
        return cut(folder / PHOTOGRAPHS[self.photograph].file, Box(*self.box), width, self.tone)

    def square(self, folder: Path, side: int) -> bytes:
        """The middle of it."""
        left, top, width, height = self.box
        short = min(width, height)
        box = Box(left + (width - short) // 2, top + (height - short) // 2, short, short)
        return cut(folder / PHOTOGRAPHS[self.photograph].file, box, side, self.tone)


_Cut = tuple[tuple[int, int, int, int], str, str] | tuple[tuple[int, int, int, int], str, str, Tone]


def _of(theme: Theme, photograph: str, *cuts: _Cut) -> list[Picture]:
    return [Picture(theme, photograph, *one) for one in cuts]


PICTURES: tuple[Picture, ...] = (
    *_of(
        Theme.SPACE,
        "astronaut",
        (
            (0, 0, 512, 512),
            "An astronaut in an orange suit, a flag and a model of the shuttle behind her",
            "Commander.",
        ),
        ((110, 0, 240, 300), "An astronaut smiles above the ring of her suit", "That smile gets you to orbit."),
        (
            (135, 5, 180, 225),
            "A smiling woman, close, in black and white",
            "Same face, no colour, no gravity.",
            Tone.MONO,
        ),
        (
            (340, 0, 172, 290),
            "A model of a space shuttle on its tank",
            "The model on the desk. Not for playing. (We played.)",
        ),
        ((105, 325, 130, 130), "A round mission patch on orange cloth", "Patch of the day."),
        (
            (270, 330, 242, 182),
            "The black visor of a helmet, a window mirrored in it",
            "Find the photographer in the visor.",
        ),
        (
            (100, 0, 300, 300),
            "An old-looking portrait of an astronaut",
            "From the family album, if your family is NASA.",
            Tone.SEPIA,
        ),
        ((0, 0, 512, 268), "An astronaut between a flag and a shuttle", "Wide format, wide grin."),
        ((130, 0, 382, 290), "An astronaut and a shuttle in blue tones", "Blue hour, indoors.", Tone.COOL),
    ),
    *_of(
        Theme.CAMERA,
        "camera",
        (
            (0, 0, 512, 512),
            "A man in a black coat bends over a camera on a tripod",
            "Take your time. The light will wait. (It will not.)",
        ),
        ((150, 50, 190, 190), "A man looks into a small camera, close", "Eye to eyepiece."),
        ((338, 96, 174, 118), "A tower and domes behind a wide lawn", "Straight horizon, for once."),
        ((200, 290, 220, 222), "The legs of a tripod on grass", "Three good friends who never shake.", Tone.COOL),
        ((0, 40, 350, 330), "A man with a camera, in brown tones", "He said five minutes. That was noon.", Tone.SEPIA),
        ((130, 50, 382, 200), "A man with a camera, a city behind him", "What he saw, and what I saw."),
        ((330, 90, 182, 228), "A white tower above a park", "Tall neighbour.", Tone.COOL),
        ((190, 125, 150, 110), "Hands in gloves hold a camera still", "Gloves on, settings by feel.", Tone.SEPIA),
        ((180, 110, 230, 400), "A camera on a tripod, tall", "Everything level but me.", Tone.SEPIA),
    ),
    *_of(
        Theme.CATS,
        "cat",
        (
            (0, 0, 451, 300),
            "A tabby cat looks past the camera",
            "Chelsea has seen something. Chelsea will not say what.",
        ),
        ((90, 0, 300, 300), "The face of a tabby cat", "Official portrait."),
        ((120, 70, 110, 90), "The green eye of a cat, close", "You may speak."),
        ((190, 160, 150, 120), "The nose of a cat, close", "Boop, pending."),
        ((110, 70, 270, 110), "Two cat's eyes", "Supper was due four minutes ago."),
        ((130, 0, 240, 300), "A cat in black and white", "Film noir.", Tone.MONO),
        ((0, 180, 280, 120), "The whiskers of a cat", "Antennae out."),
        ((250, 0, 200, 200), "Half a cat's face and an ear", "Half here, half somewhere better."),
        ((0, 0, 240, 300), "One half of a cat's face in brown tones", "Grandmother had one just like her.", Tone.SEPIA),
    ),
    *_of(
        Theme.COFFEE,
        "coffee",
        ((0, 0, 600, 400), "An espresso in a red cup on a wooden table", "Order of the day."),
        ((140, 0, 300, 300), "A red cup with an espresso, from above", "Short, hot, gone."),
        ((195, 80, 190, 125), "Espresso in a white cup, close", "Look at that crema."),
        ((310, 210, 120, 130), "A small spoon, the lamps mirrored in it", "The whole café fits in a spoon."),
        ((180, 205, 140, 110), "The handle of a red cup", "Two fingers, no more."),
        ((330, 90, 200, 250), "Half a saucer with a spoon", "The half that nobody photographs."),
        ((440, 180, 160, 200), "The grain of a wooden table", "A table that has heard everything."),
        ((60, 0, 480, 400), "An espresso in black and white", "Black, no sugar, no colour.", Tone.MONO),
        ((150, 0, 312, 390), "A cup of espresso with its spoon, upright", "My one habit that I keep."),
        ((60, 170, 440, 230), "The lower half of a cup and its saucer", "Mind the saucer."),
        ((0, 0, 600, 240), "A cup on a table, wide", "Table for one."),
    ),
    *_of(
        Theme.COINS,
        "coins",
        ((0, 0, 380, 303), "Four rows of old coins", "Count them. I did, twice."),
        ((245, 90, 139, 130), "Four old coins with heads on them", "Two thousand years and still in profile."),
        ((210, 150, 170, 150), "Worn coins in brown tones", "Small change from Pompeii.", Tone.SEPIA),
        ((80, 90, 210, 205), "Rows of old coins in blue tones", "Museum light does this.", Tone.COOL),
        ((230, 0, 150, 160), "Old coins the colour of copper", "Somebody once paid for bread with these.", Tone.CLAY),
        ((0, 160, 210, 140), "Seven old coins", "My favourite is the one at the lower left."),
    ),
    *_of(
        Theme.LAUNCH,
        "rocket",
        ((0, 0, 640, 427), "A white rocket between four masts at dusk", "T minus a few hours."),
        ((220, 90, 270, 337), "A rocket lit from below", "She stands."),
        ((0, 0, 230, 287), "A steel mast against a blue evening sky", "Lightning, try me."),
        ((60, 310, 200, 117), "Four lamps like stars at the foot of a mast", "Nobody told the lamps to be the show."),
        ((280, 110, 90, 112), "The nose of a rocket", "All of it for what sits in here."),
        ((250, 300, 200, 127), "The foot of a rocket among lamps", "Where it will be loud."),
        ((100, 100, 440, 230), "A rocket between two masts", "Symmetry, checked by engineers."),
        ((150, 0, 341, 427), "A rocket in black and white", "As it would have looked in 1969.", Tone.MONO),
        ((210, 200, 227, 227), "A rocket's white body and its lamps", "Paint job of the year."),
        ((340, 330, 160, 97), "Lamps in the evening, like stars", "Bokeh you can hear humming."),
        ((330, 0, 310, 420), "Evening sky between two masts", "The sky, reserved for tonight."),
    ),
    *_of(
        Theme.SKY,
        "galaxies",
        ((0, 0, 1000, 872), "Thousands of galaxies", "Every dot is a galaxy. Every. Dot."),
        ((60, 340, 130, 130), "A spiral galaxy, close", "Somebody's home, perhaps."),
        ((320, 20, 200, 160), "Blue and white galaxies", "The neighbours, a few billion years away."),
        ((690, 510, 130, 130), "A star with rays among galaxies", "The only star here that is one of ours."),
        ((660, 400, 340, 260), "Orange and blue galaxies", "Warm ones are old. Same as people."),
        ((260, 260, 120, 100), "Three galaxies near each other", "They will collide. No hurry."),
        ((200, 60, 160, 130), "A red galaxy above a star", "Red, because it runs away from us."),
        ((360, 640, 220, 220), "Two orange galaxies in the dark", "Eyes in the dark."),
        ((0, 0, 400, 500), "Galaxies, upright", "Wallpaper, if your wall is the universe."),
        ((600, 0, 400, 500), "Galaxies in blue tones", "Deep blue.", Tone.COOL),
        (
            (200, 350, 600, 314),
            "A wide field of galaxies",
            "A piece of sky as big as a grain of sand held at arm's length.",
        ),
        ((480, 640, 232, 232), "Galaxies of many colours", "Confetti, thirteen billion years later."),
        ((100, 100, 700, 700), "Galaxies in black and white", "Salt on a black table.", Tone.MONO),
    ),
    *_of(
        Theme.STREETS,
        "brick",
        ((0, 0, 512, 512), "A pavement of red bricks", "My street, after rain.", Tone.CLAY),
        ((200, 0, 256, 256), "Grey bricks, close", "Somebody laid each of these by hand."),
        ((0, 240, 512, 268), "A brown pavement leading away", "Walk to work, frame one.", Tone.SEPIA),
    ),
    *_of(
        Theme.STREETS,
        "grass",
        ((0, 0, 256, 256), "Clover and grass", "There is a four-leaved one. There must be.", Tone.MOSS),
        ((200, 200, 312, 250), "Dry grass in black and white", "August lawn."),
    ),
    *_of(
        Theme.STREETS,
        "gravel",
        ((150, 150, 200, 200), "Grey stones, close", "The beach I grew up on had no sand."),
        ((20, 20, 300, 375), "A path of light gravel", "The sound of arriving.", Tone.SEPIA),
    ),
)
