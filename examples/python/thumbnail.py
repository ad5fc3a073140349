"""Makes thumbnails of images that strangers send: the decoder sees the one image and nothing else, even where it is taken over."""

import os
import pathlib
import sys
import tempfile

import gaol

# Takes every fourth pixel of a PPM. A real decoder is much larger, and has bugs: it goes here.
DECODER = r"""
import sys
magic, size, depth, pixels = sys.stdin.buffer.read().split(b"\n", 3)
width, height = map(int, size.split())
small = b"".join(pixels[(y * width + x) * 3 :][:3] for y in range(0, height, 4) for x in range(0, width, 4))
sys.stdout.buffer.write(b"P6\n%d %d\n255\n" % (-(-width // 4), -(-height // 4)) + small)
"""
TAKEN_OVER = "print(open({!r}).read())"

python = [os.path.realpath(sys.executable), "-ISc"]
profile = gaol.Profile(system=True, read=[sys.base_prefix], exec=[sys.base_prefix], limits=gaol.Limits(wall=20, output="1 MiB"))


def thumbnail(box: gaol.Sandbox, image: pathlib.Path, decoder: str = DECODER) -> bytes:
    with image.open("rb") as file:  # the open file is all that the decoder gets
        return gaol.check_output([*python, decoder], sandbox=box, stdin=file, stderr=gaol.PIPE)


with tempfile.TemporaryDirectory() as directory, gaol.Sandbox(profile) as box:
    image = pathlib.Path(directory, "stranger.ppm")
    image.write_bytes(b"P6\n64 48\n255\n" + bytes(range(256)) * 36)
    print("thumbnail:", thumbnail(box, image)[:12])
    try:
        print(thumbnail(box, image, TAKEN_OVER.format(str(image))))
    except gaol.CalledProcessError as error:
        print("taken over:", error.stderr.decode().splitlines()[-1])
