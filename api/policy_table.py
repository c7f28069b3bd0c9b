"""Who may do what, and who may call which route, written down from the code itself.

`python -m api.policy_table` puts both tables into docs/security.md; a test holds
them true.
"""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.app import create_app
from api.policy import Allowed, each_route, policies_of
from api.settings import Settings
from referrals.installation import Mode
from referrals.permission import MEANING, NEEDS_STEP_UP, Permission, permits
from referrals.site import open_site
from referrals.taxonomy import Role

PAGE = Path(__file__).parent.parent / "docs" / "security.md"
BEGIN, END = "<!-- made by api/policy_table.py: begin -->", "<!-- end -->"


def of_roles() -> str:
    """Give the table of permissions and roles, in Markdown."""
    roles = list(Role)
    lines = [
        "| What | " + " | ".join(role.replace("_", " ") for role in roles) + " |",
        "| --- |" + " :-: |" * len(roles),
    ]
    for permission in Permission:
        again = " *" if permission in NEEDS_STEP_UP else ""
        marks = " | ".join("yes" if permits(role, permission) else "" for role in roles)
        lines.append(f"| {MEANING[permission]}{again} | {marks} |")
    return "\n".join(lines)


def of_routes(app: FastAPI) -> str:
    """Give the table of routes and their policies, in Markdown."""
    lines = ["| Route | Open to |", "| --- | --- |"]
    for names, path, policy in sorted(_routes(app), key=lambda each: (each[2], each[1], each[0])):
        lines.append(f"| `{names} {path}` | {policy} |")
    return "\n".join(lines)


def _routes(app: FastAPI) -> Iterable[tuple[str, str, str]]:
    for route in each_route(app.routes):
        if isinstance(route, APIRoute):
            (policy,) = policies_of(route)
            named = (
                policy.permission.value if isinstance(policy, Allowed) else f"*{policy.__name__}*"
            )
            yield ", ".join(sorted(route.methods or ())), route.path, named


def written(page: str, app: FastAPI) -> str:
    """Give the page with both tables put between the marks. Raises ValueError without the marks."""
    text = (
        f"{BEGIN}\n\n{of_roles()}\n\n"
        "\\* asks for the second factor again, when it was not shown within ten minutes.\n\n"
        f"{of_routes(app)}\n\n{END}"
    )
    found = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not found.search(page):
        raise ValueError("the page has no marks for the tables")
    return found.sub(lambda _: text, page)


def main() -> None:
    """Write the tables into docs/security.md."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=None)
        app = create_app(settings, Mode.DEMO, open_site(settings))
        PAGE.write_text(written(PAGE.read_text(), app))


if __name__ == "__main__":
    main()
