"""A project: the folder that is the only truth, and the only channel between window and trainer.

skinseg.toml        settings, and where the catalog is
catalog.sqlite      the catalog (unless it is on PostgreSQL)
masks/              one write-once group per saved revision
predictions/        one write-once group per predicted photo
models/<id>/        weights and their description
drafts/             unfinished work
stranded/           unfinished work that was left while the catalog was out of reach
aside/              unfinished work that was damaged or fits its photo no more
rounds/<id>/        checkpoints of rounds of training
cache/              what can be made again
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Self

import tomlkit

from trainer.errors import ConfigError, ProjectError
from trainer.labels.classes import ClassSet, load_class_set
from trainer.labels.text_files import read_text
from trainer.project.annotators.access import AccessLog
from trainer.project.annotators.annotators import Annotators
from trainer.project.annotators.sessions import Sessions
from trainer.project.catalog.catalog import Catalog, sqlite_url
from trainer.project.catalog.store import Store
from trainer.project.files.filesystem import make_private, storage_errors
from trainer.project.masks.drafts import Drafts
from trainer.project.masks.masks import Masks
from trainer.project.masks.measurements import Measurements
from trainer.project.models.models import Models
from trainer.project.models.predictions import Predictions
from trainer.project.models.trainer_channel import TrainerChannel
from trainer.project.photos.photo_arrays import ACTIVATIONS, EMBEDDINGS, PhotoArrays
from trainer.project.photos.photos import Photos
from trainer.project.photos.registration import Registration
from trainer.project.queue.queue import Queue
from trainer.project.queue.search import PhotoSearch
from trainer.project.queue.statistics import Statistics
from trainer.project.review.readings import Readings
from trainer.project.review.review import Review
from trainer.project.review.verdicts import Verdicts
from trainer.settings.toml_file import PROJECT_SECTION, load_settings, save_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from trainer.settings.model import Settings

__all__ = ["Project"]

FILE = "skinseg.toml"
_BACKUP = "put back the latest copy made with: skinseg backup"
FOLDERS = ("masks", "predictions", "models", "drafts", "rounds", "cache")


class Project(Store):
    """An open project. Make one with `create`, open one with `open`; a context manager that closes it.

    Safe to use from several threads at once. A store with the components that stand on it, one noun each.

    Attributes
    ----------
    path : Path
        The folder.
    id : str
        Identity of the project.
    classes : ClassSet
        Fixed when it was made.
    settings : Settings
        As read when it was opened.
    read_only_reason : str
        Why nothing can be saved; empty where all can.
    registration, photos, masks, drafts, sessions, queue, review, search, predictions, embeddings,
    activations, statistics, measurements, models, trainer, access, annotators, verdicts, readings
        The components.
    """

    def __init__(
        self, path: Path, catalog: Catalog, meta: Mapping[str, str], classes: ClassSet, settings: Settings
    ) -> None:
        super().__init__(path, catalog, meta, classes, settings)
        self.read_only_reason = ""
        self.registration = Registration(self)
        self.photos = Photos(self, self.registration)
        self.masks = Masks(self, self.photos)
        self.drafts = Drafts(self)
        self.sessions = Sessions(self)
        self.queue = Queue(self, self.photos)
        self.review = Review(self)
        self.search = PhotoSearch(self)
        self.predictions = Predictions(self)
        self.embeddings = PhotoArrays(self, EMBEDDINGS)
        self.activations = PhotoArrays(self, ACTIVATIONS)
        self.statistics = Statistics(self)
        self.measurements = Measurements(self)
        self.models = Models(self)
        self.trainer = TrainerChannel(self)
        self.access = AccessLog(self)
        self.annotators = Annotators(self)
        self.verdicts = Verdicts(self, self.photos, self.annotators)
        self.readings = Readings(self, self.annotators)

    @classmethod
    def create(
        cls,
        path: str | Path,
        classes: str | Path | ClassSet = "skin9",
        database_url: str | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Make a project in a new or empty folder, which only its owner can enter.

        Parameters
        ----------
        path : str or Path
            The folder.
        classes : str, Path or ClassSet
            Name of a class set, or a file that describes one.
        database_url : str, optional
            "postgresql+psycopg://…" for a team; by default an SQLite file in the folder.
        settings : Settings, optional
            What differs from the defaults.

        Raises
        ------
        ProjectError
            If the folder is in use or cannot be made, or the database cannot be used.
        ConfigError
            If the class set is not usable.
        """
        chosen = classes if isinstance(classes, ClassSet) else load_class_set(classes)
        place = _empty_folder(path)
        meta = {
            "id": uuid.uuid4().hex,
            "salt": secrets.token_hex(16),
            "classes": json.dumps(chosen.to_dict()),
        }
        catalog = Catalog(database_url or sqlite_url(place))
        try:
            with storage_errors(place):
                for name in FOLDERS:
                    make_private(place / name)
                catalog.create(meta)
                _write_project_file(place, meta["id"], database_url)
                if settings is not None:
                    save_settings(place / FILE, settings)
        except BaseException:
            catalog.close()
            _clear(place)
            raise
        catalog.close()
        return cls.open(place)

    @classmethod
    def open(cls, path: str | Path, read_only: bool = False) -> Self:
        """Open a project.

        A folder that cannot be written is opened for reading only; `read_only_reason` says so.

        Raises
        ------
        ProjectError
            If there is no project, it is from another version, or its database cannot be used.
        ConfigError
            If skinseg.toml is not usable.
        """
        place = Path(os.path.abspath(Path(path).expanduser()))
        section = _project_section(place)
        settings = load_settings(place / FILE)
        url = section.get("database")
        if url is None and not (place / "catalog.sqlite").is_file():
            raise ProjectError(f"{place}: catalog.sqlite is missing; put it back from a backup")
        reason = "it was opened for reading only" if read_only else ""
        if not os.access(place, os.W_OK) or (
            url is None and not os.access(place / "catalog.sqlite", os.W_OK)
        ):
            reason = f"{place} cannot be written by you: it is open for reading only"
        catalog = Catalog(url or sqlite_url(place), read_only=bool(reason))
        try:
            meta = catalog.check_schema()
            catalog.complete()
            if section.get("id") not in (None, meta["id"]):
                raise ProjectError(f"{catalog.place} belongs to another project than {place}; mend [project]")
            if missing := {"id", "salt", "classes"} - set(meta):
                raise ProjectError(f"{catalog.place} lacks {', '.join(sorted(missing))}; {_BACKUP}")
            try:
                classes = ClassSet.from_dict(json.loads(meta["classes"]))
            except (ValueError, AttributeError) as error:
                raise ProjectError(f"{catalog.place}: its classes are damaged; {_BACKUP}") from error
            made = cls(place, catalog, meta, classes, settings)
        except BaseException:
            catalog.close()
            raise
        made.read_only_reason = reason
        return made

    def close(self) -> None:
        """Give all connections back."""
        self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Project {self.path}>"


def _empty_folder(path: str | Path) -> Path:
    place = Path(os.path.abspath(Path(path).expanduser()))
    if (place / FILE).exists():
        raise ProjectError(f"{place}: there is a project here already; open it, or name another folder")
    if place.exists() and not place.is_dir():
        raise ProjectError(f"{place}: is a file; name a folder")
    if place.is_dir() and any(place.iterdir()):
        raise ProjectError(f"{place}: is not empty; name a new or empty folder for the project")
    try:
        make_private(place)
    except OSError as error:
        raise ProjectError(
            f"{place}: cannot be made: {error.strerror}; name a folder in which you may write"
        ) from error
    return place


def _clear(place: Path) -> None:
    """Take away what was made of a project; the folder was empty before, and half of one is of no use."""
    for made in [] if (place / FILE).exists() else place.iterdir():
        if made.is_dir():
            shutil.rmtree(made, ignore_errors=True)
        else:
            made.unlink(missing_ok=True)


def _write_project_file(place: Path, project_id: str, database_url: str | None) -> None:
    document = tomlkit.document()
    document.add(tomlkit.comment("A napari-skinseg project. What is not written here has its default value."))
    section = tomlkit.table()
    section["id"] = project_id
    if database_url is not None:
        section["database"] = database_url
    document[PROJECT_SECTION] = section
    (place / FILE).write_text(tomlkit.dumps(document), encoding="utf-8")
    (place / FILE).chmod(0o600)


def _project_section(place: Path) -> Mapping[str, str]:
    if not place.is_dir():
        raise ProjectError(f"{place}: there is no such folder")
    try:
        document = tomlkit.parse(read_text(place / FILE)).unwrap()
    except FileNotFoundError as error:
        raise ProjectError(f"{place}: is no project; make one with: skinseg new {place}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place / FILE}: cannot be read as TOML: {error}") from error
    section = document.get(PROJECT_SECTION)
    if not isinstance(section, dict):
        raise ConfigError(f"{place / FILE}: the section [project] is missing; put it back from a backup")
    return section
