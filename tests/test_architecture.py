"""What the house forbids: imports in the wrong direction, long files, traces of a machine."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

OURS = {"api", "bot", "referrals", "nlu", "tools", "tests"}

MAY_IMPORT = {
    "api": {"api", "bot", "referrals"},
    "bot": {"bot", "referrals"},
    "referrals": {"referrals"},
    "nlu": {"nlu"},
    "tools": {"tools"},
}
"""What of ours each package may import."""

LONGEST = 450
"""Lines of one source file."""

MACHINE_PATHS = re.compile(r"(?:^|[\s\"'`=(:,\[])/(?:work|farm|root|tmp)(?![\w-])")

# Written in pieces, so that this file does not hold what it forbids.
_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb" + ".debian.org")
_ELSEWHERE = ("--index" + "-url", "--extra-index" + "-url", '"resol' + 'ved":')
REGISTRIES = re.compile("|".join(map(re.escape, _HOSTS + _ELSEWHERE)))


def tracked() -> list[Path]:
    """Files that are in git, or would be with `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return sorted({path for path in paths if path.is_file()})


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Give the top names that a module imports: relative ones resolved, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1]
            yield above[0] if above else ""


def imported_by(path: Path) -> set[str]:
    return set(imports(path.read_text(), path.relative_to(ROOT).parent.parts))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    assert sources(package), f"{package} is empty"
    wrong = {
        str(path.relative_to(ROOT)): forbidden
        for path in sources(package)
        if (forbidden := (imported_by(path) & OURS) - MAY_IMPORT[package])
    }
    assert not wrong


def test_nobody_imports_nlu_for_it_lives_in_rasas_process() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for package in OURS - {"nlu", "tests"}
        for path in sources(package)
        if "nlu" in imported_by(path)
    ]
    assert not wrong


def test_tools_need_nothing_but_the_standard_library() -> None:
    wrong = {
        str(path.relative_to(ROOT)): foreign
        for path in sources("tools")
        if (foreign := imported_by(path) - sys.stdlib_module_names - {"tools"})
    }
    assert not wrong


def test_an_import_inside_a_function_and_a_relative_one_are_seen() -> None:
    source = "def f():\n    import bot.turn\nfrom ..referrals import case\nfrom . import x\n"
    assert set(imports(source, ("api", "pages"))) == {"bot", "api"}
    assert set(imports("from ...bot import x", ("api", "pages"))) == {""}


def test_a_file_is_one_room() -> None:
    kinds = {".py", ".js", ".css", ".html"}
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix in kinds and (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long


def test_no_file_holds_a_path_of_a_machine_or_the_address_of_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATHS.search(line) or REGISTRIES.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('open("' + "/tm" + 'p/x")', True),
        ("cd " + "/wor" + "k/main", True),
        ("--index" + "-url=https://x", True),
        ('"resol' + 'ved": "https://x"', True),
        ("<a href='/workers'>", False),
        ("https://example.com" + "/roo" + "t", False),
        ("tests/wor" + "k/x", False),
    ],
)
def test_the_search_for_traces_finds_them(line: str, wrong: bool) -> None:
    assert bool(MACHINE_PATHS.search(line) or REGISTRIES.search(line)) is wrong


def test_no_lock_file_of_a_package_manager_is_kept() -> None:
    forbidden = {"uv.lock", "poetry.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}
    assert not [path.name for path in tracked() if path.name in forbidden]


@pytest.mark.parametrize("name", ["app", "dev", "rasa", "build", "uv"])
def test_every_requirement_is_pinned_with_a_hash(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = [entry for entry in re.split(r"\n(?=[\w])", text) if entry[:1].isalnum()]
    assert entries
    assert not [
        entry.splitlines()[0]
        for entry in entries
        if "==" not in entry or "--hash=sha256:" not in entry
    ]


def test_the_developers_tools_change_no_version_of_the_app() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return set(re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE))

    assert pins("app") <= pins("dev")


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue  # a picture, a sound
