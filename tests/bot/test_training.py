"""Training fails clearly."""

from pathlib import Path

import pytest

from bot import training
from bot.training import INPUTS, TrainingFailed, train

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="make run"):
        train(tmp_path, tmp_path / "nlu", tmp_path / "model.tar.gz")


def test_every_input_exists() -> None:
    assert all(any(ROOT.glob(pattern)) for pattern in INPUTS)


def test_the_end_of_the_log_leaves_out_what_is_expected() -> None:
    log = (
        "\x1b[93mUserWarning: The intent 'faq.x' is not used in any story or rule.\x1b[0m\n"
        "\x1b[91mInvalidRule: contradiction\x1b[0m\n\n"
    )
    assert training._end_of(log) == "InvalidRule: contradiction"


@pytest.mark.rasa
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_contradiction_in_the_rules_is_told_and_leaves_the_old_model(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "stories").mkdir(parents=True)
    (root / "build").mkdir()
    (root / "build/rasa").symlink_to(ROOT / "build/rasa")
    for name in ("config.yml", "domain.yml"):
        (root / name).symlink_to(ROOT / name)
    (root / "nlu/data").mkdir(parents=True)
    for name in ("__init__.py", "tokenizer.py", "data/small_talk.yml"):
        (root / "nlu" / name).symlink_to(ROOT / "nlu" / name)
    (root / "stories/odd.yml").write_text(
        'version: "3.1"\nrules:\n'
        "- rule: one\n  steps:\n  - intent: greet\n  - action: action_greet\n"
        "- rule: two\n  steps:\n  - intent: greet\n  - action: action_menu\n"
    )
    model = tmp_path / "model.tar.gz"
    model.write_bytes(b"old")
    with pytest.raises(TrainingFailed, match=r"(?i)contradict"):
        train(root, tmp_path / "nlu", model)
    assert model.read_bytes() == b"old"
    assert not list(tmp_path.glob("training-*"))
