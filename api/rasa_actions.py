"""Rasa's action server, served by the app: what the dialogue can do."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from api.parts import parts_of
from api.policy import rasa
from bot import conversation
from bot.actions import ACTIONS
from bot.actions.protocol import BadRequest, parse_request


class AskedFirst(APIRoute):
    """A route that asks for the secret before it reads the body: FastAPI reads that before it asks
    its dependencies, and here it may be long.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the handler, behind the question. Raises HTTPException 403."""
        handle = super().get_route_handler()

        async def asked(request: Request) -> Response:
            rasa(request)
            return await handle(request)

        return asked


router = APIRouter(dependencies=[Depends(rasa)], route_class=AskedFirst)
TRACKER_LIMIT = 16 * 1024 * 1024
"""Bytes of one call: Rasa sends the session's events with each."""

log = logging.getLogger(__name__)


@router.post("/rasa/actions", max_body_size=TRACKER_LIMIT)
def run_action(request: Request, call: dict[str, Any]) -> JSONResponse:
    """Run one action in one transaction. Errors name the action, never what was said."""
    site = parts_of(request).site
    name = str(call.get("next_action"))
    action = ACTIONS.get(name)
    if action is None:
        return JSONResponse({"error": "no such action", "action_name": name}, status_code=404)
    with site.store.writing() as session:
        sender = str(call.get("sender_id"))
        language = conversation.state(session, sender).language
        try:
            asked = parse_request(call, language, site.clock())
        except BadRequest as error:
            log.error("%s was asked wrongly: %s", name, error)
            return JSONResponse({"error": "not an action call", "action_name": name}, 422)
        return JSONResponse(action(session, site, asked).as_json())


@router.get("/rasa/health")
def health() -> dict[str, str]:
    """Say that actions can be run."""
    return {"status": "ok"}
