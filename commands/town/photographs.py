"""The photographs from which the town's pictures are cut: scikit-image's, of which no code is run."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from core.embedded.faults import StartupError


@dataclass(frozen=True, slots=True)
class Photograph:
    """`licence` as scikit-image's documentation states it."""

    file: str
    shows: str
    by: str
    licence: str


PHOTOGRAPHS: dict[str, Photograph] = {
    "astronaut": Photograph("astronaut.png", "Eileen Collins, astronaut", "NASA", "public domain"),
    "camera": Photograph("camera.png", "a man behind a camera on a tripod", "Lav Varshney", "CC0"),
    "cat": Photograph("chelsea.png", "Chelsea the cat", "Stefan van der Walt", "CC0"),
    "coffee": Photograph("coffee.png", "an espresso at Pikolo", "Rachel Michetti", "CC0"),
    "coins": Photograph("coins.png", "Greek coins from Pompeii", "Brooklyn Museum", "no known copyright restrictions"),
    "rocket": Photograph("rocket.jpg", "Falcon 9 on its launch pad", "SpaceX", "public domain"),
    "galaxies": Photograph("hubble_deep_field.jpg", "the Hubble eXtreme Deep Field", "NASA", "public domain"),
    "brick": Photograph("brick.png", "a brick pavement", "CC0Textures", "CC0"),
    "grass": Photograph("grass.png", "grass", "linolafett", "CC0"),
    "gravel": Photograph("gravel.png", "gravel", "CC0Textures", "CC0"),
}


def folder() -> Path:
    """Where the photographs lie. Raises StartupError where they are not installed."""
    spec = find_spec("skimage")  # finds it without running it: what it computes with is not installed
    places = spec.submodule_search_locations if spec else None
    data = Path(next(iter(places))) / "data" if places else None
    missing = [photo.file for photo in PHOTOGRAPHS.values() if not data or not (data / photo.file).is_file()]
    if data is None or missing:
        raise StartupError("The demo town's photographs are not installed: run `make setup`, which puts them there.")
    return data
