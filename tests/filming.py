"""Films to upload, small and short, made by ffmpeg on the spot, and what is to be seen in one."""

import io
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import imageio_ffmpeg
from PIL import Image


@cache
def small_film(seconds: float = 1.0, *, sound: bool = True, size: str = "96x64", name: str = "film.mp4") -> bytes:
    """H.264 and AAC in an MP4, or what the name says."""
    sources = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=12:duration={seconds}"]
    if sound:
        sources += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}", "-c:a", "aac"]
    with TemporaryDirectory() as folder:
        target = Path(folder) / name
        coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-shortest", str(target)]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *sources, *coding], check=True)
        return target.read_bytes()


@cache
def moving_picture(file_format: str = "GIF") -> bytes:
    """Four frames, of 0.25 s each."""
    frames = [Image.new("RGB", (64, 48), (60 * number, 200, 90)) for number in range(4)]
    with TemporaryDirectory() as folder:
        target = Path(folder) / "moving"
        frames[0].save(target, file_format, save_all=True, append_images=frames[1:], duration=250, loop=0)
        return target.read_bytes()


def stills(film: bytes) -> list[Image.Image]:
    """All its frames."""
    with av.open(io.BytesIO(film), "r") as opened:
        return [frame.to_image() for frame in opened.decode(video=0)]  # type: ignore[no-untyped-call]
