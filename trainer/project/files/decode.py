"""Files of photos become one kind of array here: uint8 RGB, turned upright, in memory only when asked for.

EXIF orientation is applied once, at this place; all that comes after lives in upright (row, column) pixels.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError, features

from trainer.errors import PhotoError
from trainer.project.files.colour import to_srgb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "EXTENSIONS",
    "HEIC_NAMES",
    "KINDS",
    "Frame",
    "Header",
    "allow_pixels",
    "decode",
    "decode_coarsely",
    "hash_file",
    "read_header",
    "scaled_size",
]

SMALL = 3_000_000
"""A photo of fewer pixels is decoded as fast as a coarse version of it."""
HEIC_NAMES = frozenset({".heic", ".heif", ".hif"})
_NAMES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".mpo"),  # MPO: with a second picture
    "PNG": (".png", ".apng"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    "AVIF": (".avif", ".avifs"),
    "PPM": (".ppm", ".pgm", ".pnm"),
}
_NEEDS = {"JPEG2000": "jpg_2000", "AVIF": "avif", "WEBP": "webp"}  # parts that not every Pillow has
_FORMATS = [kind for kind in _NAMES if kind not in _NEEDS or features.check(_NEEDS[kind])]
EXTENSIONS = HEIC_NAMES | {name for kind in _FORMATS for name in _NAMES[kind]}
"""Names that count as photos."""
_FORMATS.append("DIB")  # a bitmap without the file's header

KINDS = "JPEG, PNG, TIFF, WebP, HEIC, AVIF, JPEG 2000, BMP, GIF or PPM"
_TURNED = (5, 6, 7, 8)  # orientations that swap rows and columns
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

try:
    import pi_heif
except ImportError:
    HEIF = False
else:
    pi_heif.register_heif_opener()
    _FORMATS.append("HEIF")
    HEIF = True


@dataclass(frozen=True)
class Header:
    """Header of a photo's file: sizes in upright pixels, and a note for readers of the photo."""

    height: int
    width: int
    orientation: int
    note: str | None


@dataclass(frozen=True)
class Frame:
    """A decoded photo: `pixels` is uint8 (height, width, 3), upright."""

    pixels: npt.NDArray[np.uint8]
    header: Header


def read_header(path: Path, max_pixels: int) -> Header:
    """Read size and orientation without decoding the pixels.

    Raises
    ------
    PhotoError
        If the file is no photo, or larger than `max_pixels`.
    """
    with _opened(path, max_pixels) as image:
        return replace(_header(image), note=_note(image))


def decode(path: Path, max_pixels: int, long_side: int | None = None, managed: bool = True) -> Frame:
    """Decode a photo to upright RGB.

    Parameters
    ----------
    path : Path
        Of one of `KINDS`; HEIC where `pi-heif` is installed.
    max_pixels : int
        Refuse anything larger.
    long_side : int, optional
        Scale the photo down (never up) by area so that its long side has this many pixels. A JPEG is
        decoded at a fraction of its size where that suffices.
    managed : bool
        Bring the colours from the file's own profile (phones: Display P3) to sRGB.

    Returns
    -------
    Frame
        The pixels, and the header with the size of the whole photo.

    Raises
    ------
    PhotoError
        If the file is broken, cut short, no photo, or of a kind that has no plain colours.
    """
    with _opened(path, max_pixels) as image:
        header = _header(image)
        turned = header.orientation in _TURNED
        if long_side is not None and image.format in ("JPEG", "MPO"):
            rows, columns = scaled_size(header.height, header.width, long_side)
            image.draft("RGB", (rows, columns) if turned else (columns, rows))
        image.load()  # TIFF turns itself upright here and drops its orientation
        profile = image.info.get("icc_profile") if managed else None
        upright = _rgb(image, path, profile)
        if image.format != "TIFF" and header.orientation in _UPRIGHT:
            # Not by Pillow's exif_transpose: it writes all of EXIF anew, and any wrong entry stops it.
            upright = upright.transpose(_UPRIGHT[header.orientation])
        if long_side is not None:
            rows, columns = scaled_size(header.height, header.width, long_side)
            if upright.size != (columns, rows):
                upright = upright.resize((columns, rows), Image.Resampling.BOX)
        pixels = np.array(upright, dtype=np.uint8)
        return Frame(pixels, replace(header, note=_note(image)))  # last: to count the frames is to seek


def decode_coarsely(path: Path, max_pixels: int, times: int) -> Frame | None:
    """Decode a photo that many times smaller, as `decode` does; None where that would not be much faster.

    Raises
    ------
    PhotoError
        As `decode`.
    """
    if path.suffix.lower() not in _NAMES["JPEG"]:
        return None
    header = read_header(path, max_pixels)
    if header.height * header.width < SMALL:
        return None
    return decode(path, max_pixels, -(-max(header.height, header.width) // times))


def scaled_size(height: int, width: int, long_side: int) -> tuple[int, int]:
    """(rows, columns) of a photo scaled down to a long side; one that is smaller stays as it is."""
    factor = min(1.0, long_side / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content, in hex.

    Raises
    ------
    PhotoError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read: {error.strerror or error}") from error


def allow_pixels(count: int) -> None:
    """Let Pillow open pictures of this many pixels: `photos.max_pixels` decides, not its own limit."""
    Image.MAX_IMAGE_PIXELS = max(count, Image.MAX_IMAGE_PIXELS or 0)


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    allow_pixels(max_pixels)
    if not HEIF and path.suffix.lower() in HEIC_NAMES:
        raise PhotoError(_heic(path))
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise PhotoError(
                    f"{path}: {image.width} × {image.height} pixels are more than the setting "
                    f"photos.max_pixels ({max_pixels}) allows; raise it, or scale the photo down"
                )
            yield image
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{path}: has far too many pixels for a photo (a decompression bomb?): more than twice the "
            f"setting photos.max_pixels ({max_pixels})"
        ) from error
    except UnidentifiedImageError as error:
        if not HEIF and _is_heic(path):
            raise PhotoError(_heic(path)) from error
        raise PhotoError(
            f"{path}: is not a photo that can be read; export it as {KINDS}, or take it out"
        ) from error
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise PhotoError(
            f"{path}: is damaged or cut short: {reason}; put a good copy in its place"
        ) from error


def _heic(path: Path) -> str:
    return f"{path}: HEIC needs one more package: pip install 'napari-skinseg[heic]'"


def _is_heic(path: Path) -> bool:
    """Whether the content is HEIC: phones also give it the name .jpg."""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(12)
        return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc")
    return False


def _header(image: Image.Image) -> Header:
    orientation = 1
    with suppress(Exception):  # whatever damaged EXIF raises, the pixels may be good
        orientation = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    if orientation not in range(1, 9):
        orientation = 1
    columns, rows = image.size
    if orientation in _TURNED and image.format != "TIFF":
        columns, rows = rows, columns
    return Header(rows, columns, orientation, None)


def _note(image: Image.Image) -> str | None:
    frames = 1
    with suppress(Exception):  # what is wrong with the second picture is not the first one's fault
        frames = int(getattr(image, "n_frames", 1)) if image.format not in ("MPO", "HEIF") else 1
    return f"only the first of its {frames} frames is used" if frames > 1 else None


def _rgb(image: Image.Image, path: Path, profile: bytes | None) -> Image.Image:
    """Plain sRGB: what is see-through lies on white, 16 bits become 8."""
    if image.mode.startswith("I"):
        return _from_16_bit(image, path)
    if image.mode == "F":
        raise PhotoError(f"{path}: holds floating-point numbers, not colours; export it as 8-bit RGB")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, "white")
        image = Image.alpha_composite(white, over).convert("RGB")
    if image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    if profile:
        image = to_srgb(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_16_bit(image: Image.Image, path: Path) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise PhotoError(f"{path}: holds 32-bit numbers, not colours; export it as 8-bit RGB")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
