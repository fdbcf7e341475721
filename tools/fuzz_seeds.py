"""What the fuzzer damages: small good files of every kind that the product reads."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from trainer.labels.classes import load_class_set
from trainer.project.import_export.folders import export_folder
from trainer.project.project import Project
from trainer.settings.plan import Lane

HEIGHT, WIDTH = 24, 32
CLASSES = load_class_set("skin9")
OPTIONS = {
    "JPEG": ({}, {"progressive": True}, {"quality": 30, "subsampling": 2}),
    "PNG": ({}, {"compress_level": 1}),
    "TIFF": ({}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}),
    "WEBP": ({}, {"lossless": True}),
    "BMP": ({},),
    "GIF": ({},),
    "JPEG2000": ({},),
    "AVIF": ({"speed": 10},),
    "PPM": ({},),
}
SUFFIX = {"JPEG": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def exif(orientation: int = 6) -> bytes:
    """EXIF with entries of several kinds, as phones write it."""
    made = Image.Exif()
    made[0x0112], made[0x010F], made[0x011A], made[0x0132] = orientation, "Maker", 72.0, "2024:05:01 10:00:00"
    made.get_ifd(0x8769).update({0x829A: 0.01, 0x927C: b"\0" * 40, 0xA002: WIDTH})
    made.get_ifd(0x8825).update({1: "N", 2: (47.0, 30.0, 1.5)})
    return made.tobytes()


def photos() -> list[tuple[str, bytes]]:
    """Names and contents of photos of all kinds."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = []
    for kind, several in OPTIONS.items():
        name = f"p.{SUFFIX.get(kind, kind.lower())}"
        for options in several:
            found.append((name, saved(Image.fromarray(picture()), kind, **options)))
    rgb = Image.fromarray(picture())
    for mode in ("L", "CMYK"):
        found.append(("p.jpg", saved(rgb.convert(mode), "JPEG", exif=exif(), icc_profile=profile)))
    for mode in ("L", "LA", "P", "RGBA", "1", "I;16"):
        grey = Image.fromarray(np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH))
        found.append(
            ("p.png", saved(grey if mode == "I;16" else rgb.convert(mode), "PNG", icc_profile=profile))
        )
    frames = [Image.fromarray(picture(seed)) for seed in (1, 2)]
    for kind in ("GIF", "WEBP", "TIFF", "MPO", "PNG"):
        name = f"p.{SUFFIX.get(kind, kind.lower())}"
        found.append((name, saved(rgb, kind, save_all=True, append_images=frames)))
    return found


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def with_exif() -> bytes:
    return saved(Image.fromarray(picture()), "JPEG", exif=exif())


def tables() -> list[tuple[str, bytes]]:
    """Tables and settings in several writings."""
    rows = 'photo,group,split\np1,anna,train\n"p,2",bert,val\n'
    ids = "value,name,colour\n0,background,#3b4252\n3,hand,#1d8cff\n255,not labelled,#808080\n"
    classes = (
        'name = "two"\nnames = ["background", "nail"]\ncolours = ["#000000", "#ffffff"]\nuncertain = 1\n'
    )
    found = []
    for text in (rows, rows.replace(",", ";"), rows.replace(",", "\t"), ids):
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            found.append(("t.csv", text.encode(encoding)))
    found += [("t.toml", classes.encode()), ("t.json", json.dumps({"0": "background", "7": "hand"}).encode())]
    return [*found, ("labelmap.txt", b"hand:255,0,0::\nvoid:0,0,0::\n")]


def settings() -> bytes:
    return (
        b'[project]\nid = "x"\n[training]\nlr = 0.001\nrecipe = "skinseg"\nsteps_fast = 10\n'
        b"[photos]\nmax_pixels = 2_000_000\n[gate]\nbootstrap = 50\n[window]\n"
    )


def project_in(folder: Path) -> Path:
    """Make a project with masks, drafts, models and rounds, and its masks in every format beside it."""
    for index in range(4):
        (folder / "photos").mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(index)).save(folder / "photos" / f"p{index}.jpg")
    path = folder / "study"
    with Project.create(path) as project:
        project.registration.add_folder(folder / "photos")
        session = project.sessions.start("ann")
        rng = np.random.default_rng(0)
        for photo_id in project.photos.ids():
            labels = rng.integers(0, 9, (HEIGHT, WIDTH)).astype(np.uint8)
            painted = np.where(labels > 0, np.uint8(3), np.uint8(0))
            project.masks.save(photo_id, labels, painted, "ann", None, model_id="0001")
            project.drafts.save(photo_id, "ann", labels, painted, None)
        project.queue.claim(session.id, project.photos.ids()[0])
        project.models.add("0001", "supervised", Lane.FAST, metrics={"dice9": 0.5})
        project.models.promote("0001", "a test", "gate")
        project.trainer.start_round("r1", Lane.FAST, "supervised")
        project.trainer.write_state(state="training", pid=1, host="elsewhere")
        project.trainer.log_curve("r1", 1, {"loss": 1.0})
        folder_of = project.models.folder("0001")
        folder_of.mkdir(parents=True)
        card = {
            "network": {"arch": "unet", "encoder": "resnet18", "classes": 9},
            "classes": CLASSES.to_dict(),
        }
        (folder_of / "model.json").write_text(json.dumps(card))
    for kind in ("png", "ngff", "coco", "labelme", "cvat", "colours", "voc"):
        export_folder(path, folder / kind, kind)
    return path


def files_below(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def fresh_copy(of: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(of, to))
