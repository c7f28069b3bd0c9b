"""What DBOS keeps of a turn (inputs, results, errors), sealed under a key derived from the server
key.

DBOS's own serializer is pickle in clear text; its columns are read by whoever reads the database.
"""

import base64
import json
from datetime import datetime
from typing import Any

from dbos import Serializer

from referrals.sealing import SealedField, open_, seal

QUEUED = SealedField("workflow", "data", "server")
ROW = "any"
"""DBOS does not tell a serializer which row it writes, so the row is not bound."""


def _moment(value: object) -> dict[str, str]:
    """Write the one type beside JSON's that DBOS itself hands over: when a schedule was due."""
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    raise TypeError(f"{type(value).__name__} cannot be queued")


def _read_moment(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["$moment"]) if set(value) == {"$moment"} else value


class FailedBefore(Exception):
    """A step that failed in an earlier run. Holds the name of the error, never its text."""


class QueueSeal(Serializer):
    """JSON, sealed. Takes plain values only; an exception is kept as its name."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name(self) -> str:
        """Name the format in DBOS's tables."""
        return "samleng_sealed"

    def serialize(self, data: Any) -> str:
        """Seal a value. Raises TypeError for what JSON cannot hold."""
        plain = (
            {"error": type(data).__name__} if isinstance(data, BaseException) else {"value": data}
        )
        text = json.dumps(plain, default=_moment)
        return base64.b64encode(seal(self._key, QUEUED, ROW, text.encode())).decode()

    def deserialize(self, serialized_data: str) -> Any:
        """Open a value. Raises sealing.CannotOpen."""
        sealed = base64.b64decode(serialized_data)
        plain = json.loads(open_(self._key, QUEUED, ROW, sealed), object_hook=_read_moment)
        if "error" in plain:
            return FailedBefore(plain["error"])
        value = plain["value"]
        if isinstance(value, dict) and set(value) == {"args", "kwargs"}:
            # A workflow's arguments: DBOS wants the tuple back that JSON made a list.
            return {"args": tuple(value["args"]), "kwargs": value["kwargs"]}
        return value
