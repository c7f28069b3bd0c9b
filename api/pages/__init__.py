"""What a browser shows: one module per group of pages, each with an APIRouter called `router`."""

from api.pages import (
    answers,
    assist,
    desk,
    duty,
    exchange,
    front,
    language,
    members,
    news,
    numbers,
    setup,
    sign_in,
    verify,
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
    duty.router,
    assist.router,
    exchange.router,
    answers.router,
    numbers.router,
    news.router,
    verify.router,
)
