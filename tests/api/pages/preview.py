"""A small app that serves every page from invented views and speaks the chat's protocol.

For the browser tests of the pages alone, and to look at them while drawing:
`python -m uvicorn tests.api.pages.preview:app`. It refuses inline script and style as the real app
does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from api.pages.page import STATIC, error_page, page
from tests.api.pages.samples import PAGES, shell

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)

app = FastAPI()
app.mount("/static", StaticFiles(directory=STATIC), name="static")
received: list[dict[str, Any]] = []
"""What the chat sent, oldest first."""
failing: list[int] = []
"""HTTP statuses the next chat calls answer with."""

PLACES = {
    "members.html": "/members",
    "assist.html": "/assist",
    "assist_chat.html": "/assist/chat",
    "answers.html": "/answers",
    "answer.html": "/answers",
    "import.html": "/answers",
    "numbers.html": "/numbers",
    "news.html": "/news",
    "news_write.html": "/news",
    "news_item.html": "/news",
    "keys.html": "/keys",
    "reading.html": "/reading",
    "counts.html": "/counts",
    "retention.html": "/retention",
    "search.html": "/search",
    "account.html": "/account",
}
"""Under which path a page is drawn: it chooses the menu."""

MENU = [
    {"title": "📝 ដាក់ពាក្យបណ្តឹង", "payload": "complaint"},
    {"title": "❓ សួរសំណួរ", "payload": "faq"},
    {"title": "📂 រឿងរបស់ខ្ញុំ", "payload": "case_status"},
    {"title": "🧑 និយាយជាមួយមនុស្ស", "payload": "human"},
    {"title": "🆘 មានគ្រោះថ្នាក់", "payload": "danger"},
    {"title": "🌐 English", "payload": "language:language=en"},
]


@app.middleware("http")
async def refuse_inline(
    request: Request, serve: Callable[[Request], Awaitable[Response]]
) -> Response:
    answer = await serve(request)
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@app.get("/")
def front(language: str = "km") -> HTMLResponse:
    _, template, view, _ = PAGES[0]
    return page(template, shell(language, "/", signed_in=False), view)


@app.get("/preview/{wanted}")
def preview(wanted: str, language: str = "km") -> HTMLResponse:
    for name, template, view, signed_in in PAGES:
        if name == wanted:
            place = PLACES.get(template, "/cases")
            return page(template, shell(language, place, signed_in=signed_in), view)
    return error_page(shell(language, "/", signed_in=False), 404)


@app.get("/preview/error/{status}")
def error(status: int, language: str = "km") -> HTMLResponse:
    return error_page(shell(language, "/", signed_in=False), status)


@app.get("/cases/{code}/files/{file_id}")
@app.get("/cases/{code}/files/{file_id}/preview")
def file(code: str, file_id: str) -> FileResponse:
    return FileResponse(STATIC / "mark.svg")


def _answer(heard: dict[str, Any]) -> JSONResponse:
    received.append(heard)
    if failing:
        return JSONResponse({"replies": []}, status_code=failing.pop(0))
    if heard.get("button") == "danger":
        text = "បើមានគ្រោះថ្នាក់ឥឡូវនេះ៖\n📞 1280 — លេខគំរូ"
    elif heard.get("button"):
        text = "សួស្តី! ខ្ញុំជា «សំឡេង»។ ខ្ញុំអាចឆ្លើយសំណួរ និងជួយអ្នកដាក់ពាក្យបណ្តឹង។\nសូមចុចលើរូបមួយ។"
    else:
        text = "ខ្ញុំបានរក្សាទុកហើយ។ អ្នកអាចប្រាប់បន្ថែម ឬចុចប៊ូតុង។"
    return JSONResponse({"replies": [{"text": text, "buttons": MENU}]})


@app.post("/assist/visits")
def visits() -> dict[str, str]:
    return {"visit": "0" * 32}


@app.post("/assist/messages")
@app.post("/chat/messages")
async def messages(request: Request) -> JSONResponse:
    await asyncio.sleep(0.05)
    return _answer(await request.json())


@app.post("/chat/files")
async def files(request: Request) -> JSONResponse:
    body = await request.body()
    media_type = request.headers["content-type"]
    told = {name: request.headers[f"x-{name}"] for name in ("conversation", "message")}
    sent = {**told, "size": len(body), "media_type": media_type, "camera": b"Exif" in body}
    return _answer({**request.query_params, **sent})


@app.post("/chat/notices")
def notices() -> JSONResponse:
    return JSONResponse({"replies": []})
