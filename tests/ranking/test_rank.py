"""Ranking the pool: in this process, in the trainer's spare moments, and on a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from command_line import Skinseg

from trainer.engine.cluster import connect
from trainer.project.catalog.schema_choice import likeness, statistic
from trainer.project.project import Project
from trainer.ranking.dask_pass import rate_on_dask
from trainer.ranking.pass_over import RankingPass
from trainer.ranking.rank import Pass

Copies = Callable[..., Project]


def head(project: Project, n: int = 20) -> list[int]:
    return [entry.photo_id for entry in project.queue.head(n)]


def test_the_command_says_which_photos_and_why(open_copy: Copies, skinseg: Skinseg) -> None:
    project = open_copy()
    said = skinseg("rank", project.path, "--count", "5", "--device", "cpu", "--json").data
    served = project.models.served()
    assert served is not None
    assert (said["model"], said["scored"], said["cold_start"]) == (served.id, 37, False)
    assert len(said["queue"]) == 5
    assert all(row["why"] and row["photo"].endswith(".jpg") for row in said["queue"])
    names = [project.photos.get(photo_id).relpath for photo_id in head(project, 5)]
    assert names == [row["photo"] for row in said["queue"]], "the queue follows it"
    assert skinseg("rank", project.path, "--device", "cpu").out.startswith("ranked 37 of 37 by model")
    state = project.statistics.state()
    assert state is not None
    assert state.text == "ranked 37 of 37"
    shown = skinseg("rank", project.path, "--strategy", "random", "--device", "cpu", "--json").data
    assert shown["in_force"] is False
    assert names == [project.photos.get(photo_id).relpath for photo_id in head(project, 5)]


def test_before_a_model_photos_are_chosen_by_how_they_look(fresh: Project, skinseg: Skinseg) -> None:
    said = skinseg("rank", fresh.path, "--device", "cpu", "--json").data
    assert (said["model"], said["cold_start"]) == (None, True)
    assert said["scored"] == 37
    ids = [fresh.photos.find(row["photo"]).id for row in said["queue"]]
    assert head(fresh, 5) == ids[:5]
    assert "no model yet" in skinseg("rank", fresh.path, "--device", "cpu").out


def test_near_duplicates_are_ranked_once_and_not_handed_out_together(fresh: Project) -> None:
    made = Pass(fresh, device="cpu")
    made.rate(made.todo)
    chosen = [choice.photo_id for choice in made.rank().choices]
    twins = {fresh.photos.find(name).id for name in ("p20.jpg", "p20_again.jpg")}
    assert len(twins & set(chosen)) == 1
    with fresh.catalog.read() as connection:
        rows = connection.execute(sa.select(likeness).where(likeness.c.photo_id.in_(twins))).all()
    assert {row.burst for row in rows} == {min(twins)}


def test_the_trainer_ranks_photo_by_photo_and_goes_on_after_a_kill(open_copy: Copies) -> None:
    project = open_copy()
    first = RankingPass(project, "cpu")
    for _ in range(10):
        assert first.step()
    with project.catalog.read() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(statistic)).scalar_one()
    assert rows == 20, "ten photos, each with its looks and with what the model says"
    again = RankingPass(project, "cpu")
    steps = 0
    while again.step():
        steps += 1
    assert steps == 37 - 10 + 8 + 1, "the photos left, the labelled ones, and the ranking"
    assert project.queue.head(1)[0].score is not None
    assert again.step() == ""
    project.masks.revert(project.photos.find("p00").id, None, "ann")
    assert again.step(), "a photo more waits"


def test_a_better_model_looks_at_the_head_first(open_copy: Copies) -> None:
    project = open_copy()
    made = Pass(project, device="cpu")
    made.rate(made.todo)
    made.rank()
    best = head(project, 3)
    served = project.models.served()
    assert served is not None
    project.models.add("0099", served.recipe, served.lane, path=served.path)
    project.models.promote("0099", "a test", "ann")
    after = RankingPass(project, "cpu")
    for _ in range(3):
        after.step()
    assert project.statistics.known("0099", best) == set(best)


def test_a_strategy_that_is_not_there_is_named_with_the_nearest(open_copy: Copies, skinseg: Skinseg) -> None:
    assert "did you mean 'entropy'?" in skinseg("rank", open_copy().path, "--strategy", "entropie").error


def test_with_all_labelled_it_offers_the_review(open_copy: Copies, skinseg: Skinseg) -> None:
    project = open_copy()
    with project.catalog.write() as connection:
        connection.execute(sa.text("UPDATE photo SET queued = 0, state = 'labelled'"))
    assert "review them" in skinseg("rank", project.path, "--device", "cpu").out
    assert skinseg("rank", project.path, "--device", "cpu", "--json").data["queue"] == []


def test_a_project_without_photos_is_refused(tmp_path, skinseg: Skinseg) -> None:
    with Project.create(tmp_path / "empty"):
        pass
    assert "has no photos yet" in skinseg("rank", tmp_path / "empty").error


def test_what_a_deleted_model_said_and_numbers_that_are_none_do_no_harm(open_copy: Copies) -> None:
    project = open_copy()
    ids = project.statistics.pool(None)
    served = project.models.served()
    assert served is not None
    project.predictions.set_scores("gone", [(photo_id, 1.0, "gone") for photo_id in ids])
    assert project.queue.head(1)[0].why == "gone"
    made = Pass(project, device="cpu")
    made.rate(made.todo)
    with project.catalog.write() as connection:
        nothing = {"entropy": None, "margin": None, "class_entropy": [None]}
        connection.execute(
            sa.update(statistic)
            .where(statistic.c.model_id == served.id, statistic.c.photo_id.in_(ids[:5]))
            .values(numbers=nothing)
        )
    assert len(made.rank().choices) == 36
    assert all(entry.why != "gone" for entry in project.queue.head(9))


def test_two_passes_at_once_agree_with_one(open_copy: Copies) -> None:
    project, alone = open_copy("both"), open_copy("alone")
    errors: list[BaseException] = []

    def rank() -> None:
        try:
            with Project.open(project.path) as mine:
                made = Pass(mine, device="cpu")
                made.rate(made.todo)
                made.rank()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=rank) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    made = Pass(alone, device="cpu")
    made.rate(made.todo)
    made.rank()
    assert head(project) == head(alone)


def test_a_cluster_ranks_as_one_process_does(open_copy: Copies) -> None:
    pytest.importorskip("distributed")
    project, alone = open_copy("cluster"), open_copy("alone")
    made = Pass(project, device="cpu")
    with connect("local:2") as client:
        assert rate_on_dask(project, client, made.rater, made.todo, "cpu") == []
    there = [choice.photo_id for choice in made.rank().choices[:20]]
    other = Pass(alone, device="cpu")
    other.rate(other.todo)
    here = [choice.photo_id for choice in other.rank().choices[:20]]
    assert len(set(there) & set(here)) >= 18


def test_a_scheduler_that_goes_away_leaves_the_rest_to_this_process(open_copy: Copies) -> None:
    pytest.importorskip("distributed")
    project = open_copy()
    made = Pass(project, device="cpu")
    client = connect("local:1")
    assert client.cluster is not None
    client.cluster.close()
    left = rate_on_dask(project, client, made.rater, made.todo, "cpu")
    client.close()
    assert left == made.todo
    made.rate(left)
    assert made.rank().scored == 37


def test_a_worker_that_does_not_see_the_project_says_so(open_copy: Copies, skinseg: Skinseg) -> None:
    from trainer.errors import ProjectError
    from trainer.ranking.dask_pass import _rater

    with pytest.raises(ProjectError, match=r"does not see the project at /nowhere.*under the same path"):
        _rater("/nowhere", open_copy().id, None, "cpu")
    pytest.importorskip("distributed")
    assert "no scheduler answers" in skinseg("rank", open_copy("b").path, "--dask", "tcp://127.0.0.1:9").error
