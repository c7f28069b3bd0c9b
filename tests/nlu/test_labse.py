"""The stronger reader: the same pipeline with a language model, switched on by one setting.

LaBSE itself cannot be fetched here; a tiny random model of its kind goes through the real code.
"""

import secrets
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.rasa import RasaProcess, RasaSettings
from bot.training import FETCHED, TrainingFailed, pipeline, quiet_environment, rasa_python, train
from bot.understand import understand
from tests.nlu.conftest import Loop

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = {
    "greet": ["សួស្តី", "ជម្រាបសួរ", "សួស្តីបង", "hello", "suosdey", "suosdey bong"],
    "thank": ["អរគុណ", "អរគុណច្រើន", "អរគុណបង", "thank you", "orkun", "orkun bong"],
    "human": ["ចង់និយាយជាមួយមនុស្ស", "សុំនិយាយជាមួយបុគ្គលិក", "ខលមកខ្ញុំ", "call me", "jong niyeay"],
}


def test_the_stronger_pipeline_is_the_usual_one_with_a_language_model_before_the_classifier() -> (
    None
):
    usual = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    stronger = pipeline(ROOT, "rasa/LaBSE")
    place = [part["name"] for part in stronger["pipeline"]].index("LanguageModelFeaturizer")
    added = stronger["pipeline"].pop(place)
    assert stronger == usual
    assert stronger["pipeline"][place]["name"] == "nlu.classifier.SentenceClassifier"
    assert added == {
        "name": "LanguageModelFeaturizer",
        "model_name": "bert",
        "model_weights": "rasa/LaBSE",
        "cache_dir": str(ROOT / FETCHED),
    }


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labse")
    subprocess.run(
        [rasa_python(ROOT), ROOT / "tests/nlu/tiny_labse.py", folder],
        env=quiet_environment(folder / "home"),
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


@pytest.fixture(scope="module")
def small_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with three intents, so that training is quick."""
    root = tmp_path_factory.mktemp("small")
    for name in ("config.yml", "domain.yml", "endpoints.yml", "credentials.yml", "stories"):
        (root / name).symlink_to(ROOT / name)
    (root / "build").mkdir()
    (root / "build/rasa").symlink_to(ROOT / "build/rasa")
    (root / "nlu").mkdir()
    for file in (ROOT / "nlu").iterdir():
        if file.is_file():
            (root / "nlu" / file.name).symlink_to(file)
    (root / "nlu/data").mkdir()
    entries = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
        for intent, texts in EXAMPLES.items()
    ]
    (root / "nlu/data/small.yml").write_text(
        yaml.safe_dump({"version": "3.1", "nlu": entries}, allow_unicode=True), encoding="utf-8"
    )
    return root


@pytest.mark.rasa
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_language_model_is_trained_with_loaded_and_asked(
    small_root: Path, weights: Path, loop: Loop, tmp_path: Path
) -> None:
    model = tmp_path / "model.tar.gz"
    train(small_root, tmp_path / "nlu", model, language_model=str(weights))
    process = RasaProcess(
        RasaSettings(
            root=ROOT,
            home=tmp_path / "home",
            model=model,
            actions_url="http://127.0.0.1:9/none",
            actions_token="none",
            tracker_key=secrets.token_bytes(32),
        )
    )
    loop.run(process.start())
    try:
        known = loop.run(understand(process.client, "អរគុណច្រើន"))
        long = loop.run(understand(process.client, "អរគុណច្រើន " * 300))
    finally:
        loop.run(process.stop())
    assert known.intent == "thank"
    assert 0 < known.confidence <= 1
    assert long.intent in EXAMPLES


@pytest.mark.rasa
@pytest.mark.slow
@pytest.mark.timeout(200)
def test_weights_that_are_not_there_are_named(small_root: Path, tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    with pytest.raises(TrainingFailed, match="nowhere"):
        train(small_root, tmp_path / "nlu", tmp_path / "model.tar.gz", language_model=missing)
