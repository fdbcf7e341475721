"""The kinds of inputs of the fuzzer: how each is damaged, and what the product does with it."""

from __future__ import annotations

import io
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import fuzz_seeds as seeds
import numpy as np

from trainer.errors import SkinsegError

MOST_PIXELS = 4_000_000
Take = Callable[[random.Random], None]


def damage(content: bytes, rng: random.Random, start: int = 0, keep_length: bool = False) -> bytes:
    """Change some bytes from `start` on: flip, overwrite, cut, double, insert, exchange."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3, 8, 30))):
        if len(data) <= start + 1:
            break
        at = rng.randrange(start, len(data))
        how = rng.randrange(2 if keep_length else 7)
        if how == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            width = rng.choice((1, 2, 4, 8))
            value = rng.choice((0, 1, 0x7F, 0x80, 0xFF)).to_bytes(1) * width
            data[at : at + width] = value[: len(data) - at]
        elif how == 2:
            del data[at : at + rng.choice((1, 3, 40, 4000))]
        elif how == 3:
            data[at:at] = data[at : at + rng.choice((1, 4, 64))]
        elif how == 4:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 16)))
        elif how == 5:
            del data[at:]
        else:
            other = rng.randrange(start, len(data))
            data[at : at + 4], data[other : other + 4] = data[other : other + 4], data[at : at + 4]
    return bytes(data)


def photo_kinds(place: Path) -> Iterator[tuple[str, Take]]:
    from trainer.project.files.decode import decode, read_header
    from trainer.project.files.identity import identity_of

    good = seeds.photos()

    def photos(rng: random.Random) -> None:
        name, content = rng.choice(good)
        path = place / (name if rng.random() < 0.9 else rng.choice(good)[0])
        path.write_bytes(damage(content, rng))
        identity_of(path, MOST_PIXELS)
        for read in (
            lambda: read_header(path, MOST_PIXELS),
            lambda: decode(path, MOST_PIXELS),
            lambda: decode(path, MOST_PIXELS, 16),
        ):
            with suppress(SkinsegError):
                read()
        decode(path, MOST_PIXELS)

    clean = seeds.with_exif()
    begin, end = clean.index(b"Exif\0\0") + 6, 4 + int.from_bytes(clean[4:6])
    path = place / "exif.jpg"
    path.write_bytes(clean)
    upright = decode(path, MOST_PIXELS).pixels
    turned = [np.rot90(side, turns) for side in (upright, upright[:, ::-1]) for turns in range(4)]

    def exif(rng: random.Random) -> None:
        content = damage(clean[:end], rng, begin, keep_length=True)[:end] + clean[end:]
        path.write_bytes(content)
        pixels = decode(path, MOST_PIXELS).pixels  # for orientation only: whatever EXIF says, they are there
        if not any(np.array_equal(pixels, one) for one in turned):
            raise AssertionError("other pixels than before")

    yield "photos", photos
    yield "exif", exif


def mask_kinds(place: Path, made: Path) -> Iterator[tuple[str, Take]]:
    from trainer.project.import_export.entries import Said, offer_of

    size = (seeds.HEIGHT, seeds.WIDTH)

    def taking(*formats: str) -> Take:
        def take(rng: random.Random) -> None:
            kind = rng.choice(formats)
            folder = seeds.fresh_copy(made / kind, place / "masks")
            file = rng.choice(list(seeds.files_below(folder)))
            file.write_bytes(damage(file.read_bytes(), rng))
            read_as = kind if rng.random() < 0.9 else rng.choice(formats)
            offer = offer_of(seeds.CLASSES, folder, read_as, Said())  # type: ignore[arg-type]
            for entry in offer.entries[:40]:
                with suppress(SkinsegError):
                    entry.read(size)

        return take

    yield "masks", taking("png", "png", "colours", "voc")
    yield "shapes", taking("coco", "labelme", "cvat")


def table_kinds(place: Path, study: Path) -> Iterator[tuple[str, Take]]:
    from trainer.labels.classes import load_class_set
    from trainer.labels.ids import read_ids, read_names
    from trainer.project.import_export.colour_masks import read_colours
    from trainer.project.photos.scan import GroupTable
    from trainer.project.project import Project
    from trainer.settings.toml_file import load_settings

    good = seeds.tables()

    def tables(rng: random.Random) -> None:
        name, content = rng.choice(good)
        path = place / name
        path.write_bytes(damage(content, rng))
        for read in (
            lambda: GroupTable(path).assign(["p1.jpg", "v/p,2.png"]),
            lambda: read_ids(path, seeds.CLASSES),
            lambda: read_names(path, seeds.CLASSES),
            lambda: read_colours(path, seeds.CLASSES),
            lambda: load_class_set(path),
        ):
            with suppress(SkinsegError):
                read()

    text = seeds.settings()

    def settings(rng: random.Random) -> None:
        (place / "s.toml").write_bytes(damage(text, rng))
        with suppress(SkinsegError):
            load_settings(place / "s.toml")
        own = (study / "skinseg.toml").read_bytes()
        try:
            (study / "skinseg.toml").write_bytes(damage(own + text[16:], rng))
            Project.open(study, read_only=True).close()
        finally:
            (study / "skinseg.toml").write_bytes(own)

    yield "tables", tables
    yield "settings", settings


def store_kinds(place: Path, made: Path, study: Path) -> Iterator[tuple[str, Take]]:
    from trainer.networks.weights import load_model, read_weights, save_tensors
    from trainer.project.files.zarr_store import read_arrays, read_attributes
    from trainer.project.import_export.ngff import named_ids, read_ngff
    from trainer.project.maintenance.model_files import fault_of
    from trainer.training.checkpoints import load_beginning, load_checkpoint, save_beginning, save_checkpoint

    group = next((study / "masks").iterdir())

    def groups(rng: random.Random) -> None:
        folder = seeds.fresh_copy(group, place / "group.zarr")
        file = rng.choice(list(seeds.files_below(folder)))
        file.unlink() if rng.random() < 0.1 else file.write_bytes(damage(file.read_bytes(), rng))
        for read in (
            lambda: read_arrays(folder, None, "labels", "provenance"),
            lambda: read_attributes(folder),
            lambda: named_ids(folder, read_ngff(folder)[1], seeds.CLASSES),
        ):
            with suppress(SkinsegError):
                read()

    import torch

    tensors = {"a.weight": torch.zeros(3, 4), "a.bias": torch.zeros(3)}
    source = place / "source"
    save_checkpoint(source, {"step": 3, "model": tensors, "rng": {"cpu": torch.get_rng_state()}})
    save_beginning(source, {"plan": {"recipe": "skinseg"}, "items": [], "messages": []})
    save_tensors(source / "weights.safetensors", tensors)
    (source / "model.json").write_bytes((study / "models" / "0001" / "model.json").read_bytes())

    def models(rng: random.Random) -> None:
        folder = seeds.fresh_copy(source, place / "model")
        file = rng.choice(list(seeds.files_below(folder)))
        file.write_bytes(damage(file.read_bytes(), rng))
        fault_of(folder)
        for read in (
            lambda: load_checkpoint(folder),
            lambda: load_beginning(folder),
            lambda: read_weights(folder / "weights.safetensors"),
            lambda: load_model(folder) if file.name == "model.json" else None,
        ):
            with suppress(SkinsegError):
                read()

    yield "groups", groups
    yield "models", models
    yield "rows", lambda rng: rows(rng, seeds.fresh_copy(study, place / "rows"))


VALUES = (None, "", "odd", -1, 10**15, 0.5, "{}", '{"new": 1}', "[]", b"\xff\x00", "\u202e", float("inf"))


def rows(rng: random.Random, study: Path) -> None:
    """Change rows as another version, or a hand, may have left them, and read the project as commands do."""
    from trainer.cli.main import main

    file = study / "catalog.sqlite"
    if rng.random() < 0.3:
        with closing(sqlite3.connect(file)) as connection:  # all into the one file
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.write_bytes(damage(file.read_bytes(), rng, keep_length=rng.random() < 0.7))
    else:
        with closing(sqlite3.connect(file)) as connection:
            tables = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            for _ in range(rng.choice((1, 2, 4))):
                table = rng.choice([name for name in tables if not name.startswith("sqlite_")])
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                with suppress(sqlite3.Error):
                    sql = f"UPDATE {table} SET {rng.choice(columns)} = ?"
                    connection.execute(sql, (rng.choice(VALUES),))
            connection.commit()
    for words in (["status"], ["doctor"], ["models"], ["history", "p1.jpg"], ["export", f"{study}-out"]):
        command, *more = words
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            main([command, str(study), *more])
        if "failed: " in said.getvalue():  # of the program, and not of the project
            raise AssertionError(f"{command}: {said.getvalue()}")


def kinds(place: Path) -> dict[str, Take]:
    """Return the functions that make and take one damaged input of each kind."""
    study = seeds.project_in(place / "made")
    made = place / "made"
    found = [*photo_kinds(place), *mask_kinds(place, made), *table_kinds(place, study)]
    return dict([*found, *store_kinds(place, made, study)])
