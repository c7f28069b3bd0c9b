"""Where Telegram and Messenger deliver. A platform is told "received" only once the message is
safe.
"""

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from api.parts import parts_of
from api.policy import webhook
from bot import durable
from bot.channels import BODY_LIMIT, BadSecret
from bot.channels.messenger import SIGNATURE_HEADER

router = APIRouter(prefix="/webhooks", dependencies=[Depends(webhook)])


@router.post("/telegram", max_body_size=BODY_LIMIT)
async def telegram(request: Request) -> JSONResponse:
    """Take one update of Telegram; the secret header is compared in constant time."""
    channel = parts_of(request).telegram
    if channel is None:
        raise HTTPException(404)
    try:
        answer = await channel.receive(request.headers, await request.body(), durable.accept)
    except BadSecret:
        raise HTTPException(403) from None
    return JSONResponse(answer)


@router.get("/messenger")
def messenger_verification(request: Request) -> Response:
    """Answer Meta's verification of this webhook."""
    channel = parts_of(request).messenger
    if channel is None:
        raise HTTPException(404)
    try:
        challenge = channel.verify(request.query_params)
    except BadSecret:
        raise HTTPException(403) from None
    return Response(challenge, media_type="text/plain")


@router.post("/messenger", max_body_size=BODY_LIMIT)
async def messenger(request: Request) -> Response:
    """Take one batch of Messenger; the signature covers the raw body."""
    channel = parts_of(request).messenger
    if channel is None:
        raise HTTPException(404)
    signature = request.headers.get(SIGNATURE_HEADER, "")
    try:
        messages = await channel.messages_from(await request.body(), signature)
    except BadSecret:
        raise HTTPException(403) from None
    for message in messages:
        await durable.accept(message)
    return Response("EVENT_RECEIVED", media_type="text/plain")
