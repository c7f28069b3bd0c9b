"""Whether the program works, for a monitor: no secret, no number of cases."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import text

from api.parts import parts_of
from api.policy import public
from bot.rasa import RasaUnavailable
from referrals.site import Site

router = APIRouter(dependencies=[Depends(public)])


def _ask(site: Site) -> None:
    with site.store.reading() as session:
        session.connection().execute(text("SELECT 1"))


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """Answer 200 when the database answers and the dialogue is ready, else 503 with what is not."""
    parts = parts_of(request)
    await run_in_threadpool(_ask, parts.site)
    try:
        await parts.turns.rasa.ready()
        ready = True
    except RasaUnavailable:
        ready = False
    found = {"database": "ok", "dialogue": "ok" if ready else "starting", "mode": parts.mode}
    return JSONResponse(found, status_code=200 if ready else 503)
