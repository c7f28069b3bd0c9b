"""Building: nothing twice, nothing half, and one clear line when it cannot go on."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import build, environments, model, pythons, settings, stamps, steps, suite, system

ROOT = Path(__file__).resolve().parent.parent
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project of our own, with one small real requirement."""
    for module in (environments, stamps, steps, model):
        for name, path in (("ROOT", tmp_path), ("BUILD", tmp_path / "build")):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, path)
    monkeypatch.setattr(steps, "LOGS", tmp_path / "build" / "log")
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path / "requirements")
    (tmp_path / "requirements").mkdir()
    text = (ROOT / "requirements" / "dev.txt").read_text()
    (idna,) = [entry for entry in re.split(r"\n(?=\w)", text) if entry.startswith("idna==")]
    (iniconfig,) = [
        entry for entry in re.split(r"\n(?=\w)", text) if entry.startswith("iniconfig==")
    ]
    (tmp_path / "requirements" / "app.txt").write_text(idna + "\n")
    (tmp_path / "requirements" / "dev.txt").write_text(f"{idna}\n{iniconfig}\n")
    shutil.copy(ROOT / "requirements" / "build.txt", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setenv("SAMLENG_PYTHON", HERE)
    return tmp_path


def built(site: Path, what: str = "app") -> str:
    """Build and give how the step ended."""
    step = steps.Step(what)
    with stamps.locked() as lock:
        (environments.build_app if what == "app" else environments.build_dev)(step, lock)
    return step.result or "ready"


def imports(site: Path, module: str) -> bool:
    command = [site / "build/app/bin/python", "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, cwd=site, check=False).returncode == 0


# --- Environments ------------------------------------------------------------------------------


def test_an_environment_is_built_once(site: Path) -> None:
    assert built(site) == "ready"
    assert imports(site, "idna")
    assert built(site) == "up to date"


def test_a_changed_requirement_is_installed_into_what_is_there(site: Path) -> None:
    built(site)
    kept = site / "build/app/kept"
    kept.touch()
    shutil.copy(site / "requirements/dev.txt", site / "requirements/app.txt")
    assert built(site) == "ready"
    assert imports(site, "iniconfig")
    assert kept.exists()


def test_an_interrupted_build_is_begun_anew(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as at_the_last_moment:
        at_the_last_moment.setattr(environments, "_add_project", killed)
        with pytest.raises(KeyboardInterrupt):
            built(site)
    half = site / "build/app/half"
    half.touch()
    assert built(site) == "ready"
    assert not half.exists()
    assert imports(site, "idna")


def test_the_developers_environment_also_runs_the_app(site: Path) -> None:
    built(site, "dev")
    assert built(site, "app") == "up to date"
    assert imports(site, "iniconfig")


def test_a_new_requirement_of_the_app_keeps_the_developers_tools(site: Path) -> None:
    built(site, "dev")
    app = site / "requirements/app.txt"
    app.write_text(app.read_text() + "# new\n")
    assert built(site, "app") == "ready"
    assert imports(site, "iniconfig")


def test_an_environment_that_lost_its_python_is_built_again(site: Path) -> None:
    built(site)
    (site / "build/app/bin/python").unlink()
    assert built(site) == "ready"


def test_the_command_of_the_project_is_installed_and_finds_the_project(site: Path) -> None:
    built(site)
    package = site / "api" / "commands"
    package.mkdir(parents=True)
    (site / "api/__init__.py").touch()
    (package / "__init__.py").write_text("def main():\n    print('here')\n")
    command = [site / "build/app/bin/samleng"]
    said = subprocess.run(command, capture_output=True, text=True, cwd="/", check=True).stdout
    assert said == "here\n"


def test_requirements_that_cannot_be_had_fail_with_one_line_and_leave_no_stamp(site: Path) -> None:
    app = site / "requirements/app.txt"
    app.write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", app.read_text()))
    with pytest.raises(steps.Failed, match=r"^The environment build/app could not .*app\.log$"):
        built(site)
    assert not environments.built("app")


# --- Pythons -----------------------------------------------------------------------------------


def test_a_shim_that_starts_nothing_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "shims" / f"python{HERE}"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    real = tmp_path / f"pyenv/versions/{HERE}.99/bin/python{HERE}"
    real.parent.mkdir(parents=True)
    real.symlink_to(Path(sys.executable).resolve())
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert pythons.find(HERE) == real


def test_the_newest_patch_of_a_python_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patch in ("9", "12", "13rc1"):
        path = tmp_path / f"versions/3.12.{patch}/bin/python3.12"
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert next(pythons._candidates("3.12")).parts[-3] == "3.12.12"


def test_a_missing_python_is_one_line_before_anything_slow(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], free_port
) -> None:
    monkeypatch.setattr(pythons, "_candidates", lambda version: iter([]))
    monkeypatch.setattr(build, "heed_signals", lambda: None)
    monkeypatch.setenv("SAMLENG_PORT", str(free_port()))
    assert build.main(["start"]) == 1
    said = capsys.readouterr()
    assert said.err.strip() == (
        f"Python {HERE} was not found. Install it (for example: pyenv install {HERE}) "
        "and run make again."
    )
    assert said.out == ""


def test_a_python_that_samleng_does_not_run_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMLENG_PYTHON", "3.8")
    with pytest.raises(steps.Failed, match=r"SAMLENG_PYTHON is '3\.8'; .* 3\.11, 3\.12, 3\.13"):
        pythons.app_version()


# --- The port ----------------------------------------------------------------------------------


def test_a_taken_port_names_the_setting_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(steps.Failed, match=f"Port {port} is taken.*SAMLENG_PORT=.* make run"):
            build.require_free(port)
    build.require_free(port)


@pytest.mark.parametrize(
    ("environment", "dotenv", "port"),
    [
        ("", "", 8000),
        ("9001", "", 9001),
        ("", "SAMLENG_PORT=9002\n", 9002),
        ("", "A=1\nexport SAMLENG_PORT='9003'\n", 9003),
        ("9001", "SAMLENG_PORT=9002\n", 9001),
        ("", "#SAMLENG_PORT=9002\n", 8000),
    ],
)
def test_the_port_is_that_of_the_environment_then_of_dotenv(
    environment: str, dotenv: str, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    monkeypatch.setenv("SAMLENG_PORT", environment)
    (tmp_path / ".env").write_text(dotenv)
    assert build.chosen_port() == port


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1", "80.5"])
def test_a_port_that_is_none_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMLENG_PORT", port)
    with pytest.raises(steps.Failed, match="SAMLENG_PORT"):
        build.chosen_port()


# --- The model ---------------------------------------------------------------------------------


@pytest.fixture
def training(site: Path) -> Path:
    """A project whose training writes a line for each time it ran."""
    bot = site / "bot"
    (site / "nlu").mkdir()
    bot.mkdir()
    (bot / "training.py").write_text(
        "import pathlib, sys\n"
        "INPUTS = ('nlu/*.yml', 'bot/training.py')\n"
        "data = pathlib.Path('nlu/a.yml').read_text()\n"
        "if data == 'broken': sys.exit('line 3 of nlu/a.yml is broken')\n"
        "model = pathlib.Path('build/model/samleng.tar.gz')\n"
        "model.parent.mkdir(exist_ok=True)\n"
        "model.write_text(data)\n"
    )
    (site / "nlu/a.yml").write_text("one")
    python = site / "build/app/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return site


@pytest.fixture
def trained(training: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    monkeypatch.setattr(model, "MODEL", training / "build/model/samleng.tar.gz")
    monkeypatch.setattr(model, "_TRAINING", training / "bot/training.py")

    def train() -> str:
        step = steps.Step("training")
        with stamps.locked() as lock:
            model.build(step, lock)
        return step.result or "ready"

    return train


def test_the_model_is_trained_again_only_when_what_it_learns_from_changed(trained, training):
    assert trained() == "ready"
    assert trained() == "up to date"
    (training / "nlu/notes.txt").write_text("not an input")
    assert trained() == "up to date"
    (training / "nlu/a.yml").write_text("two")
    assert trained() == "ready"
    (training / "nlu/b.yml").write_text("one more")
    assert trained() == "ready"
    model.MODEL.unlink()
    assert trained() == "ready"


def test_a_training_that_failed_says_where_the_reason_is_and_is_tried_again(trained, training):
    trained()
    (training / "nlu/a.yml").write_text("broken")
    with pytest.raises(
        steps.Failed, match=r"training of the model failed.*build/log/training\.log"
    ):
        trained()
    assert "line 3" in (training / "build/log/training.log").read_text()
    assert not model.MODEL.exists()
    (training / "nlu/a.yml").write_text("two")
    assert trained() == "ready"


def test_the_inputs_of_the_real_model_are_there() -> None:
    globs = model._declared((ROOT / "bot/training.py").read_text())
    assert not [pattern for pattern in globs if not list(ROOT.glob(pattern))]


# --- Commands ----------------------------------------------------------------------------------


def test_a_command_that_takes_too_long_ends_with_its_children(site: Path) -> None:
    pids = site / "pids"
    script = f"sleep 60 & echo $! >{pids}; sleep 60"
    assert steps.run(["sh", "-c", script], timeout=0.5) == 124
    wait_for(lambda: not alive(int(pids.read_text())))


def test_a_child_in_a_session_of_its_own_is_ended_by_its_parent(site: Path) -> None:
    # As bot.training does with `rasa train`.
    pids = site / "pids"
    script = (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        f"open({str(pids)!r}, 'w').write(str(child.pid))\n"
        "try: child.wait()\n"
        "finally: child.kill()\n"
    )
    assert steps.run([sys.executable, "-c", script], timeout=1.5) == 124
    wait_for(lambda: not alive(int(pids.read_text())))


def test_a_command_that_is_not_there_is_a_failure() -> None:
    assert steps.run(["no-such-command-of-samleng"], timeout=5) == 127


def test_two_builds_at_once_wait_for_each_other(site: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tools import stamps\n"
        "stamps.BUILD = Path(sys.argv[2])\n"
        "with stamps.locked(): print('mine', flush=True)\n"
    )
    with stamps.locked():
        command = [sys.executable, "-c", script, str(ROOT), str(site / "build")]
        other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert other.stdout
        assert other.stdout.readline() == "Waiting for another build in this folder ...\n"
    said, _ = other.communicate(timeout=20)
    assert said.endswith("mine\n")


def test_a_build_ends_its_command_when_make_is_killed(site: Path) -> None:
    pids = site / "pids"
    inner = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tools import steps\n"
        "steps.heed_signals()\n"
        f"steps.run(['sh', '-c', 'echo $$ >{pids}; exec sleep 60'], timeout=60)\n"
    )
    make = f"'{sys.executable}' -c \"$CODE\" '{ROOT}' & wait"
    parent = subprocess.Popen(
        ["sh", "-c", make], env={**os.environ, "CODE": inner}, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: pids.exists() and pids.read_text())
    parent.kill()
    parent.wait()
    child = int(pids.read_text())
    wait_for(lambda: not alive(child))


def test_sigterm_ends_the_command_too(site: Path) -> None:
    pids = site / "pids"
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tools import build, steps\n"
        f"command = ['sh', '-c', 'echo $$ >{pids}; exec sleep 60']\n"
        "build._COMMANDS['all'] = lambda: steps.run(command, timeout=60)\n"
        "sys.exit(build.main(['all']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: pids.exists() and pids.read_text())
    time.sleep(1)  # on a busy machine the command runs before its parent has begun to wait for it
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "Traceback" not in said
    wait_for(lambda: not alive(int(pids.read_text())))


# --- What the system gives, what Rasa says -----------------------------------------------------


def test_what_is_missing_is_named_in_one_line_where_we_may_not_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system, "missing", lambda: ["chromium", "postgresql"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(steps.Failed, match=r"apt-get install chromium postgresql$"):
        system.provide(steps.Step("system"))


def test_a_complaint_of_rasa_is_seen_though_its_return_code_is_0() -> None:
    output = (
        "2026-01-01 INFO rasa.validator - Validating intents...\n"
        "\x1b[33m/x/y.py:9: UserWarning: The intent 'help' is not used in any story.\x1b[0m\n"
        "  x.py:1: FutureWarning: pandas\n"
        "UserWarning: The intent 'faq.minimum_wage' is not used in any story or rule.\n"
        "Project validation completed with errors.\n"
    )
    found = suite.validation_complaints(output)
    assert len(found) == 2
    assert "help" in found[0]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_for(what, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
