"""Photos of a project: found by name, opened only when needed, and noticed when they change."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import PhotoError
from trainer.project.catalog.counts import Counts, count_photos
from trainer.project.catalog.schema import photo, prediction
from trainer.project.catalog.schema_choice import likeness, statistic
from trainer.project.files.decode import Header, decode, hash_file, read_header
from trainer.project.files.flat_files import FlatFiles
from trainer.project.files.identity import identity_of, is_identity
from trainer.project.photo import Photo, composed, file_name, spellings, stem
from trainer.project.photos.photo_names import at_path, said_of_several
from trainer.project.photos.purged import is_purged
from trainer.project.photos.twins import join_twins
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from trainer.project.catalog.store import Store
    from trainer.project.photos.registration import Registration

__all__ = ["Photo", "Photos"]


class Photos:
    """Photos by id or name, their pixels, and the changes of their files."""

    def __init__(self, store: Store, registration: Registration) -> None:
        self._store = store
        self._registration = registration
        self._flat = FlatFiles()

    def get(self, photo_id: int) -> Photo:
        """Return one photo by its id.

        Raises
        ------
        PhotoError
            If there is none.
        """
        with self._store.catalog.read() as connection:
            row = connection.execute(sa.select(photo).where(photo.c.id == photo_id)).one_or_none()
        if row is None:
            raise PhotoError(f"{self._store.path}: there is no photo with the id {photo_id}")
        return self._photo(row._mapping)

    def find(self, name: str | int, by_id: bool = True) -> Photo:
        """Return one photo by its relative path, file name, stem, or, where `by_id`, its id.

        Raises
        ------
        PhotoError
            If there is none, or more than one.
        """
        text = str(name).replace("\\", "/")
        names = spellings(stem(text), file_name(text))
        query = sa.select(photo).where(photo.c.stem.in_(names)).order_by(photo.c.id)
        with self._store.catalog.read() as connection:
            rows = connection.execute(query).all()
        for part in (str, file_name, stem):
            matches = [row for row in rows if composed(part(row.relpath)) == composed(text)]
            matches = [row for row in matches if part(row.relpath) == text] or matches
            if len(matches) == 1:
                return self._photo(matches[0]._mapping)
            if matches:
                raise PhotoError(
                    f"{text!r} is the name of {len(matches)} photos; write the relative path, as "
                    f"{matches[0].relpath}"
                )
        if by_id and text.isdecimal():
            return self.get(int(text))
        raise PhotoError(f"{self._store.path}: there is no photo {text!r}")

    def find_path(self, name: str) -> Photo | None:
        """Return the only photo with this relative path, with or without its suffix, or None.

        Folders above it may stand before it.

        Raises
        ------
        PhotoError
            If there is more than one.
        """
        stems = spellings(stem(name), file_name(name))
        query = sa.select(photo).where(photo.c.stem.in_(stems)).order_by(photo.c.id)
        with self._store.catalog.read() as connection:
            rows = connection.execute(query).all()
        found = at_path(rows, name, self._registration.root_path)
        matches = [self._photo(row._mapping) for row in found]
        if len(matches) > 1:
            raise PhotoError(said_of_several(name, matches))
        return matches[0] if matches else None

    def any_in(self, folder: str) -> bool:
        """Whether a photo lies in this folder or below it, a relative path with "/"."""
        below = photo.c.relpath.startswith(f"{folder}/", autoescape=True)
        with self._store.catalog.read() as connection:
            return connection.execute(sa.select(photo.c.id).where(below).limit(1)).first() is not None

    def _photo(self, row: sa.RowMapping) -> Photo:
        with self._store.catalog.understood():
            return Photo(
                id=row["id"],
                root_id=row["root_id"],
                relpath=row["relpath"],
                path=self._registration.root_path(row["root_id"]) / row["relpath"],
                group=row["group_name"],
                split=row["split"],
                state=PhotoState(row["state"]),
                reason=row["reason"],
                width=row["width"],
                height=row["height"],
                orientation=row["orientation"],
                sha256=row["sha256"],
                note=row["note"],
            )

    def counts(self) -> Counts:
        """Count the photos of each kind."""
        with self._store.catalog.read() as connection:
            return count_photos(connection, self._store.catalog.keeps_counts)

    def ids(
        self, split: str | None = None, labelled: bool | None = None, limit: int | None = None
    ) -> list[int]:
        """Return the ids of the readable photos, in the project's random order.

        Parameters
        ----------
        split : str, optional
            Only of this split.
        labelled : bool, optional
            Only with, or only without, a saved mask.
        limit : int, optional
            At most so many.
        """
        query = sa.select(photo.c.id).where(photo.c.state != PhotoState.BROKEN)
        query = query.order_by(photo.c.draw, photo.c.id).limit(limit)
        if split is not None:
            query = query.where(photo.c.split == split)
        if labelled is not None:
            query = query.where(photo.c.head.is_not(None) if labelled else photo.c.head.is_(None))
        with self._store.catalog.read() as connection:
            return list(connection.execute(query).scalars())

    def read(self, photo_id: int) -> npt.NDArray[np.uint8]:
        """Decode a photo: uint8 (height, width, 3), upright.

        The first reading records size, orientation and content hash. A photo that cannot be read is marked
        broken with its reason, and leaves the queue.

        Raises
        ------
        PhotoError
            If the photo is missing, damaged, or was replaced after it had been labelled.
        """
        return self._read(photo_id, None)

    def read_scaled(self, photo_id: int, long_side: int) -> npt.NDArray[np.uint8]:
        """Like `read`, scaled down by area to a long side in pixels; never scaled up."""
        return self._read(photo_id, long_side)

    def probe(self, photo_id: int) -> Photo:
        """Make sure that size and content hash of a photo are known and still true; decodes no pixels.

        Raises
        ------
        PhotoError
            As `read`.
        """
        known = self._checked(photo_id)
        if known.width is not None:
            return known
        with self._marks_broken(known):
            header = read_header(known.path, self._store.settings.photos.max_pixels)
        self._record(known, header)
        return replace(known, **asdict(header)) if self._store.read_only else self.get(photo_id)

    def _read(self, photo_id: int, long_side: int | None) -> npt.NDArray[np.uint8]:
        known = self._checked(photo_id)
        with self._marks_broken(known):
            frame = decode(known.path, self._store.settings.photos.max_pixels, long_side)
        if known.width is None:
            self._record(known, frame.header)
        return frame.pixels

    def _checked(self, photo_id: int) -> Photo:
        """Return the photo after making sure that its file is still the one that was known."""
        with self._store.catalog.read() as connection:
            row = connection.execute(sa.select(photo).where(photo.c.id == photo_id)).one_or_none()
        if row is None:
            raise PhotoError(f"{self._store.path}: there is no photo with the id {photo_id}")
        known = self._photo(row._mapping)
        try:
            status = known.path.stat()
        except (OSError, ValueError) as error:
            self._gone(known, error)
            raise AssertionError from error
        if row.sha256 is None:
            return known
        changed = (row.size, row.mtime) != (status.st_size, status.st_mtime)
        if not changed and (row.head is None or not self._flat.is_unknown(known.id, known.path, status)):
            return known if is_identity(row.sha256) else self._identified(known)
        with self._marks_broken(known):
            now = identity_of(known.path, self._store.settings.photos.max_pixels)
            if row.sha256 in (now, None if is_identity(row.sha256) else hash_file(known.path)):
                self._flat.note(known.id, status)
                if changed or now != row.sha256:
                    self._set(known.id, sha256=now, size=status.st_size, mtime=status.st_mtime)
                return replace(known, sha256=now)
            if row.head is not None:
                raise PhotoError(
                    f"{known.path}: was replaced by another file after it had been labelled; "
                    "put the old file back, or register the new one under another name"
                )
        self._set(known.id, sha256=None, width=None, height=None, orientation=None, note=None)
        if not self._store.read_only:
            with self._store.catalog.write() as connection:
                for table in (prediction, statistic, likeness):
                    connection.execute(sa.delete(table).where(table.c.photo_id == known.id))
        return self.get(photo_id)

    def _identified(self, known: Photo) -> Photo:
        """Learn the identity of a photo that an earlier program knew by the hash of its file."""
        if self._store.read_only:
            return known
        with suppress(PhotoError):  # reading it says what is wrong
            now = identity_of(known.path, self._store.settings.photos.max_pixels)
            self._set(known.id, sha256=now)
            return replace(known, sha256=now)
        return known

    def _gone(self, known: Photo, error: Exception) -> None:
        top = self._registration.root_path(known.root_id)
        if not top.is_dir():  # a disk that is not plugged in breaks no photo
            raise PhotoError(
                f"{top}: this folder of photos cannot be found on this machine; plug it in, or say where it "
                f"is now: skinseg move PROJECT {top} NEW"
            ) from error
        with self._marks_broken(known):
            reason = (
                "is gone"
                if isinstance(error, FileNotFoundError)
                else f"cannot be read: {getattr(error, 'strerror', None) or error}"
            )
            raise PhotoError(f"{known.path}: {reason}; put it back and add its folder again") from error

    @contextmanager
    def _marks_broken(self, known: Photo) -> Iterator[None]:
        try:
            yield
        except PhotoError as error:
            if not self._store.read_only and known.state != PhotoState.BROKEN:
                reason = str(error).removeprefix(f"{known.path}: ")
                with self._store.catalog.write() as connection:
                    found = connection.execute(
                        sa.update(photo)
                        .where(photo.c.id == known.id, photo.c.state != PhotoState.BROKEN)
                        .values(state=PhotoState.BROKEN, reason=reason, queued=0)
                    )
                    if found.rowcount:  # else another thread has noticed it too
                        self._store.events.write(
                            connection, PhotoState.BROKEN, "store", known.id, reason=reason
                        )
            raise

    def _record(self, known: Photo, header: Header) -> None:
        if self._store.read_only:
            return
        with self._marks_broken(known):
            try:
                status = known.path.stat()
            except OSError as error:  # it went meanwhile
                raise PhotoError(f"{known.path}: cannot be read: {error.strerror or error}") from error
            content = identity_of(known.path, self._store.settings.photos.max_pixels)
            if is_purged(self._store, content):
                raise PhotoError(
                    f"{known.path}: this picture was purged from the project under another name; take its "
                    "file out of the folder"
                )
        values = {**asdict(header), "sha256": content, "size": status.st_size, "mtime": status.st_mtime}
        with self._store.catalog.write() as connection:
            connection.execute(sa.update(photo).where(photo.c.id == known.id).values(**values))
            join_twins(self._store, connection, content)

    def _set(self, photo_id: int, **values: object) -> None:
        if not self._store.read_only:
            with self._store.catalog.write() as connection:
                connection.execute(sa.update(photo).where(photo.c.id == photo_id).values(**values))
