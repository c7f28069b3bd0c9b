"""The real parts that tests share: PostgreSQL, a browser; and the rule that no test is left out."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tools import system
from tools.steps import BUILD

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(BUILD / "cache" / "hypothesis"))

# Whatever is set on this machine (a real bot token) is nothing to the tests.
for _name in [
    name for name in os.environ if name.startswith(("SAMLENG_", "TELEGRAM_", "MESSENGER_"))
]:
    del os.environ[_name]

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # tests run as root in CI
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # A browser that calls home would be refused by a closed network, many times a second.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# --- No test is left out -----------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("minimum_tests", "how many tests `--all-of-it` must at least run", default="1")
    group = parser.getgroup("samleng")
    group.addoption("--no-skips", action="store_true", help="fail when a test was skipped")
    group.addoption(
        "--all-of-it",
        action="store_true",
        help="fail when a test was skipped or deselected, or when fewer than minimum_tests ran",
    )


class _Count:
    """Counts what ran and what did not, also when the tests are shared among several processes."""

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.skipped: set[str] = set()
        self.deselected = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:  # an expected failure counts: it proves nothing
            self.skipped.add(report.nodeid)
        elif report.when == "call":
            self.ran.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.add(report.nodeid)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += len(items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what another process counted; of reports, only those of tests come by themselves."""
        counted = getattr(node, "workeroutput", {}).get("samleng", {})
        self.skipped |= set(counted.get("skipped", ()))
        # Each process collects, and leaves out, the same.
        self.deselected = max(self.deselected, counted.get("deselected", 0))

    def complaints(self, config: pytest.Config) -> Iterator[str]:
        if hasattr(config, "workerinput"):
            return  # the process that gives out the tests complains
        whole = config.getoption("--all-of-it")
        if (whole or config.getoption("--no-skips")) and self.skipped:
            yield f"skipped, which is not allowed here: {', '.join(sorted(self.skipped))}"
        if whole and self.deselected:
            yield f"{self.deselected} tests were deselected, which is not allowed here"
        minimum = int(config.getini("minimum_tests"))
        if whole and len(self.ran) < minimum:
            yield f"{len(self.ran)} tests ran; minimum_tests in pyproject.toml says {minimum}"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Count(), "samleng-count")


def pytest_sessionfinish(session: pytest.Session) -> None:
    count = session.config.pluginmanager.get_plugin("samleng-count")
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["samleng"] = {
            "skipped": sorted(count.skipped),
            "deselected": count.deselected,
        }
    if list(count.complaints(session.config)) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    count = config.pluginmanager.get_plugin("samleng-count")
    for complaint in count.complaints(config):
        terminalreporter.write_line(f"FAILED: {complaint}", red=True)


# --- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL of our own, gone at the end: the address of the server, without a database.

    Its tables live in memory's favour (no fsync): it must be fast, not outlive a power cut.
    """
    programs = system.postgresql()
    assert programs, "PostgreSQL is missing: apt-get install postgresql (make test does it)"
    folder = Path(tempfile.mkdtemp(prefix="samleng-pg-"))
    # PostgreSQL refuses to be root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user, user)
    _run_as(user, [programs / "initdb", "-D", folder / "data", *_INITDB])
    port = free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": 200,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    command = [programs / "postgres", "-D", folder / "data"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, **_as(user), stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        _await(programs / "pg_isready", port, server, folder / "log")
        yield f"postgresql+psycopg://samleng@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database: its SQLAlchemy URL."""
    import psycopg

    address = postgres.replace("+psycopg", "")
    _databases.append(name := f"test_{len(_databases)}")
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgres}/{name}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database, once of each kind: its SQLAlchemy URL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'samleng.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


_databases: list[str] = []
_INITDB = ["-U", "samleng", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]


def _as(user: str | None) -> dict[str, object]:
    """Start a child as this user, and let it end with us even when we are killed."""
    given: dict[str, object] = {"preexec_fn": _end_with_parent}
    if user:
        given |= {"user": user, "group": user, "extra_groups": []}
    return given


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def _run_as(user: str | None, command: list[str | Path]) -> None:
    done = subprocess.run(
        command, **_as(user), capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _await(ready: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ask = [ready, "--quiet", "--host=127.0.0.1", f"--port={port}"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        if subprocess.run(ask, check=False).returncode == 0:
            return
        time.sleep(0.05)
    pytest.fail(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")


# --- Ports -------------------------------------------------------------------------------------


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(name="free_port", scope="session")
def _free_port() -> Callable[[], int]:
    """A function that gives a port of 127.0.0.1 that nobody listens on at this moment."""
    return free_port


# --- The browser -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of the real browser."""
    found = system.chromium()
    assert found, "Chromium is missing: apt-get install chromium fonts-khmeros (make test does it)"
    assert system.khmer_fonts(), "Khmer letters are missing: apt-get install fonts-khmeros"
    return found


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator["Browser"]:
    """A running Chromium: `browser.new_context(locale="km-KH").new_page()`.

    One for each module and not for the whole session: while Playwright's synchronous API is open,
    its event loop runs in the main thread, and no other test there could call `asyncio.run`.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, headless=True, args=CHROMIUM_ARGUMENTS
        )
        yield running
        running.close()


# --- Asynchronous tests ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of tests marked `anyio`."""
    return "asyncio"
