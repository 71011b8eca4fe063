"""The study's files: every run can be built, and changes what it says."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.experiment import ExperimentConfig
from study.plan import Run, one_of_each, plan, questions
from study.report.records import Study
from study.report.tables import CLAIMS, GROUPS, SHARES


@cache
def experiments() -> dict[Run, ExperimentConfig]:
    return {run: run.experiment(Path("out")) for run in plan()}


@pytest.mark.slow
def test_every_run_has_a_configuration_of_its_own() -> None:
    runs = experiments()
    names = Counter(run.name for run in runs)
    assert max(names.values()) == 1
    configurations = Counter(map(str, runs.values()))
    assert [text for text, count in configurations.items() if count > 1] == []


def test_seeds_come_one_after_the_other_and_reach_the_training() -> None:
    runs = experiments()
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    assert all(experiment.training.seed == run.seed for run, experiment in runs.items())


def test_test_speakers_stay_out_of_every_training() -> None:
    for experiment in experiments().values():
        fsdd, an4, *others = experiment.data.train
        assert {source.corpus.rpartition("/")[2] for source in others} <= {
            "people.csv",
            "speech-commands:speech_commands_v2_digits",
        }
        assert set(fsdd.without_speakers) == {"fsdd/theo", "fsdd/yweweler"}
        assert an4.split == "train"


def test_runs_are_chosen_by_name() -> None:
    assert {run.question for run in plan(["q6_attention"])} == {"q6_attention"}
    assert [run.name for run in plan(["q1_systems/cnn-clean/seed2"])] == ["q1_systems/cnn-clean/seed2"]
    assert {run.seed for run in plan(seeds=[3])} == {3}
    with pytest.raises(ConfigError, match="did you mean 'q6_attention'"):
        plan(["q6_atention"])
    with pytest.raises(ConfigError, match="no seed 9; its files name 0, 1, 2, 3"):
        plan(seeds=[9])


def test_one_of_each_leaves_no_question_and_no_model_out_and_adds_none_twice() -> None:
    runs = plan(seeds=[1])
    chosen = one_of_each(runs)
    assert {run.question for run in chosen} == {run.question for run in runs}
    assert {run.model for run in chosen} == {run.model for run in runs}
    assert len(chosen) < len({run.question for run in runs}) + len({run.model for run in runs})


#: Passes that take the same time on one thread.
EPOCHS = {"resnet50": 4, "cnn": 12, "cnn_lstm": 12, "bilstm": 20, "lstm": 32}


def test_the_budget_is_the_same_unless_it_is_the_question() -> None:
    for run, experiment in experiments().items():
        if experiment.data.strings:
            continue
        training = experiment.training
        budget = EPOCHS.get(run.model, EPOCHS["resnet50"])
        if run.question == "q0_tuning":
            assert training.epochs == budget / 2, run.name
        elif run.question == "q9_budget":
            assert training.early_stopping == 8
        elif run.question not in ("q2_pretraining", "q13_people") and not run.variant.endswith("-3x"):
            assert training.epochs == budget, run.name
        elif run.variant.endswith("-3x"):
            assert training.epochs == 3 * budget, run.name
        assert training.batch_size == 32


def test_every_system_is_tuned_alike_and_without_the_test() -> None:
    settings: dict[str, set[tuple[str, float]]] = {}
    for run in plan(["q0_tuning"]):
        training = experiments()[run].training
        settings.setdefault(run.model, set()).add((training.optimizer, training.learning_rate))
        assert not run.tested
    assert set(settings) == set(EPOCHS)
    assert len({frozenset(each) for each in settings.values()}) == 1
    for model, tried in settings.items():
        chosen = experiments()[plan([f"q1_systems/{model}-multi"], [1])[0]].training
        assert (chosen.optimizer, chosen.learning_rate) in tried


def test_the_tables_name_runs_that_exist() -> None:
    known = {f"{name}/{variant}" for name, question in questions().items() for variant in question.runs}
    shares = {f"q2_pretraining/{start}-{suffix}" for start in ("imagenet", "random") for suffix in SHARES}
    claimed = {claim[side] for claim in CLAIMS for side in ("first", "second")}
    assert {name for rows in GROUPS.values() for name in rows} | shares | claimed <= known


def test_the_records_belong_to_the_test_they_were_answered_for() -> None:
    study = Study()
    for variant in study.variants.values():
        for record in variant.records:
            answers = {c: len(a) for c, a in record["answers"].items()}
            without = variant.name.startswith(("q0_", "q14_"))
            assert answers == ({} if without else {c: len(w) for c, w in study.test.words.items()})


def test_the_list_of_people_is_found_through_links(tmp_path: Path) -> None:
    (tmp_path / "far/away/data").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "far/away/data")
    (tmp_path / "people.csv").touch()
    (run,) = plan(["q13_people/resnet50-421"], [1], {"data.root": str(tmp_path / "data")})
    kind, place = run.experiment(tmp_path).data.train[-1].corpus.split(":")
    assert kind == "manifest"
    assert (tmp_path / "data" / place).samefile(tmp_path / "people.csv")
