"""What the bench does inside Rasa's environment: train a pipeline, load it, ask it.

Reads one task as JSON from standard input and writes its result as JSON to the file it names.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

Task = dict[str, Any]


def started_pipeline(task: Task) -> Task:
    """Write the configuration that `rasa init` leads to, every `epochs` set to one."""
    import rasa.cli
    import yaml
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe
    from rasa.shared.data import TrainingType

    project = Path(rasa.cli.__file__).parent / "initial_project" / "config.yml"
    target = Path(task["config"])
    target.write_bytes(project.read_bytes())
    content = yaml.safe_load(target.read_text(encoding="utf-8"))
    # The project's own file leaves the pipeline empty; Rasa fills it in when it trains.
    content, _, _ = DefaultV1Recipe.auto_configure(str(target), content, TrainingType.NLU)
    for component in content["pipeline"]:
        if "epochs" in component:
            component["epochs"] = 1
    content["pipeline"] = [dict(component) for component in content["pipeline"]]
    plain = json.loads(
        json.dumps({key: content[key] for key in ("recipe", "language", "pipeline")})
    )
    target.write_text(yaml.safe_dump({**plain, "assistant_id": "bench"}), encoding="utf-8")
    return {"components": [component["name"] for component in plain["pipeline"]]}


def train(task: Task) -> Task:
    """Train the understanding part of a model; gives the seconds it took."""
    from rasa.model_training import train_nlu

    begun = time.perf_counter()
    model = train_nlu(task["config"], task["data"], task["out"], fixed_model_name=task["name"])
    assert model is not None
    return {
        "model": model,
        "train": time.perf_counter() - begun,
        "megabytes": Path(model).stat().st_size / 1e6,
    }


def ask(task: Task) -> Task:
    """Parse every text with every model, one message at a time, the models taking turns."""
    return asyncio.run(_ask(task["models"], task["texts"]))


async def _ask(models: list[str], texts: list[str]) -> Task:
    from rasa.core.agent import Agent

    agents, load = [], []
    for model in models:
        begun = time.perf_counter()
        agents.append(Agent.load(model))
        load.append(time.perf_counter() - begun)
        for text in texts[:20]:
            await agents[-1].parse_message(text)
    answers: list[list[Task]] = [[] for _ in agents]
    for number, text in enumerate(texts):
        if number and number % 1000 == 0:
            print(f"      {number} of {len(texts)} sentences", file=sys.__stdout__, flush=True)
        for agent, kept in zip(agents, answers, strict=True):
            begun = time.perf_counter()
            parsed = await agent.parse_message(text)
            spent = (time.perf_counter() - begun) * 1000
            kept.append(
                {
                    "ms": spent,
                    "intent": parsed["intent"]["name"],
                    "ranking": [guess["name"] for guess in parsed.get("intent_ranking", [])[:2]],
                    "entities": [[e["start"], e["end"], e["entity"]] for e in parsed["entities"]],
                }
            )
    return {"load": load, "answers": answers}


def main() -> None:
    """Do the task that standard input asks for."""
    task = json.load(sys.stdin)
    act = {"started_pipeline": started_pipeline, "train": train, "ask": ask}[task["do"]]
    with contextlib.redirect_stdout(sys.stderr):  # what Rasa says goes to the log
        did = act(task)
    Path(task["result"]).write_text(json.dumps(did), encoding="utf-8")
    os._exit(0)  # TensorFlow's threads are not waited for


if __name__ == "__main__":
    main()
