"""What a browser shows: one module per group of pages, each with an APIRouter called `router`."""

from api.pages import (
    answers,
    desk,
    exchange,
    front,
    language,
    members,
    news,
    numbers,
    setup,
    sign_in,
)
from api.pages.shell import error

__all__ = ["error", "routers"]

routers = (
    front.router,
    language.router,
    sign_in.router,
    desk.router,
    setup.router,
    members.router,
    exchange.router,
    answers.router,
    numbers.router,
    news.router,
)
