"""A webhook that keeps what it is sent and answers as told: the other end, to test a stand-in."""

from dataclasses import dataclass, field

from fastapi import Request, Response

from tests.standins import Platform


@dataclass
class Received:
    """One delivery as it came."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Receiver(Platform):
    """`url` is the webhook; `answers` are given first, then 200 `body`."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.answers: list[int] = []
        self.body = ""
        self.app.add_api_route("/hook", self._hook, methods=["POST"])
        self.app.add_api_route("/hook", self._challenge, methods=["GET"])

    @property
    def url(self) -> str:
        """The webhook's address."""
        return f"{self.address}/hook"

    async def _hook(self, request: Request) -> Response:
        self.received.append(Received(await request.body(), dict(request.headers)))
        if self.answers:
            return Response(status_code=self.answers.pop(0))
        return Response(self.body, media_type="application/json")

    async def _challenge(self, request: Request) -> Response:
        return Response(request.query_params["hub.challenge"])
