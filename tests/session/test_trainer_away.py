"""What the window says when no trainer runs, and when one dies."""

from __future__ import annotations

from workbench import beat, serve, until


def test_a_served_model_without_its_trainer_promises_no_suggestion(session, project):
    serve(project, "0001")
    away = "the trainer is not running: Start it below to get suggestions; you can begin without it"
    until(session, lambda: session.status == away)
    beat(project, state="idle")
    until(session, lambda: session.status.startswith("model 1 has been asked for a suggestion"))


def test_without_a_model_the_sentence_says_what_is_missing(session, project):
    until(session, lambda: session.status.endswith("; the trainer is not running: press Start"))
    assert session.status.startswith("no suggestions yet: the first model comes after")
    beat(project, state="idle")
    until(session, lambda: "not running" not in session.status)


def test_a_trainer_that_is_gone_is_noticed_though_nothing_is_written(session, project, monkeypatch):
    beat(project, state="idle")
    until(session, lambda: session.project_status.trainer_runs and session.project_status.photos)
    for module in ("status", "project_watcher"):
        monkeypatch.setattr(f"napari_skinseg.session.{module}.trainer_liveness", lambda project: "stopped")
    until(session, lambda: not session.project_status.trainer_runs, seconds=2.5)


def test_a_round_is_ordered_only_of_a_trainer_that_runs(session, project):
    session.train_now()
    until(session, lambda: session.notices)
    assert session.notices == [("warning", "the trainer is not running: press Start first")]
    assert project.trainer.pending() == []
    beat(project, state="idle")
    session.train_now()
    until(session, lambda: len(session.notices) == 2)
    assert [command.kind for command in project.trainer.pending()] == ["train_now"]
