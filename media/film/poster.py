"""The picture that stands for a film before it plays."""

from dataclasses import replace
from pathlib import Path

from media.images import render
from media.pictures import MediaKind, Probed, Rendered
from media.vips import pyvips


def make_poster(still: Path, out_dir: Path) -> Rendered:
    """Write the variants of a photograph, named `poster-…`, of a PNG that ffmpeg took out of the film."""
    picture = pyvips.Image.new_from_file(str(still), access="sequential")
    probed = Probed(
        kind=MediaKind.IMAGE,
        mime="image/png",
        width=picture.width,
        height=picture.height,
        orientation=1,
        pages=1,
        captured_at=None,
        camera=None,
    )
    folder = still.parent / "poster"
    folder.mkdir(exist_ok=True)
    made = render(still, folder, probed)
    return replace(
        made,
        variants=[
            replace(variant, path=variant.path.replace(out_dir / f"poster-{variant.path.name}"))
            for variant in made.variants
        ],
    )
