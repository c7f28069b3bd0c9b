"""What a browser shows: one module per group of pages, each with an APIRouter called `router`."""

from api.pages import desk, front, language, members, setup, sign_in
from api.pages.shell import error

__all__ = ["error", "routers"]

routers = (
    front.router,
    language.router,
    sign_in.router,
    desk.router,
    setup.router,
    members.router,
)
