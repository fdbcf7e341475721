"""Annotators of a project and their roles. Names are what people typed; nobody checks them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConfigError
from trainer.project.catalog.schema import revision, session
from trainer.project.catalog.schema_review import role as role_table
from trainer.project.photo import composed
from trainer.project.states import Role
from trainer.spelling import did_you_mean

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["Annotator", "Annotators", "parse_role"]


@dataclass(frozen=True)
class Annotator:
    """Somebody who opened the project, saved a mask, or was given a role."""

    name: str
    role: Role
    masks: int
    """Masks that they saved, imported ones too."""
    seen: float | None
    """Last sign of life of a window of theirs, seconds since 1970."""


class Annotators:
    """The people of a project."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Annotator]:
        """Return everybody, by name."""
        masks = sa.select(revision.c.annotator, sa.func.count()).group_by(revision.c.annotator)
        seen = sa.select(session.c.annotator, sa.func.max(session.c.seen)).group_by(session.c.annotator)
        with self._store.catalog.read() as connection:
            saved = {str(name): int(count) for name, count in connection.execute(masks)}
            last = {str(name): float(at) for name, at in connection.execute(seen)}
        roles = self._roles()
        names = sorted({*saved, *last, *roles}, key=str.casefold)
        return [
            Annotator(n, roles.get(composed(n), Role.ANNOTATOR), saved.get(n, 0), last.get(n)) for n in names
        ]

    def role_of(self, name: str) -> Role:
        """Return somebody's role; who was given none is an annotator."""
        return self._roles().get(composed(name), Role.ANNOTATOR)

    def set_role(self, name: str, role: Role, who: str) -> None:
        """Give somebody a role, known or not yet.

        Raises
        ------
        ConfigError
            If the name is empty.
        """
        if not name.strip():
            raise ConfigError("a role needs a name: --role NAME=reviewer")
        row = {"annotator": composed(name), "role": role, "changed": time.time(), "who": who}
        with self._store.catalog.write() as connection:
            connection.execute(
                self._store.catalog.insert(role_table)
                .values(row)
                .on_conflict_do_update(index_elements=["annotator"], set_=row)
            )
            self._store.events.write(connection, "role", who, annotator=name, role=role)

    def require_reviewer(self, name: str) -> None:
        """Refuse what only reviewers do.

        Raises
        ------
        ConfigError
            If that is not their role.
        """
        if self.role_of(name) != Role.REVIEWER:
            raise ConfigError(
                f"{name} is no reviewer of this project: skinseg annotators {self._store.path} "
                f"--role '{name}=reviewer' makes one"
            )

    def _roles(self) -> dict[str, Role]:
        if not self._store.catalog.has(role_table):
            return {}
        with self._store.catalog.read() as connection, self._store.catalog.understood():
            rows = connection.execute(sa.select(role_table.c.annotator, role_table.c.role)).all()
            return {row.annotator: Role(row.role) for row in rows}


def parse_role(text: str) -> tuple[str, Role]:
    """Read `NAME=reviewer`; the name may hold a "=".

    Raises
    ------
    ConfigError
        If there is no name, or no such role.
    """
    name, equals, role = text.rpartition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--role {text}: write NAME=reviewer or NAME=annotator")
    if role.strip().lower() not in tuple(Role):
        raise ConfigError(f"--role {text}: {did_you_mean(role.strip().lower(), Role)}")
    return name.strip(), Role(role.strip().lower())
