"""Keys of members and organisations."""

import threading

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from referrals import keys


def test_many_passwords_at_once_are_tried_one_after_the_other_and_none_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, most, made = [0], [0], []

    class Watched:
        """The real thing, counted."""

        def __init__(self, **how: int) -> None:
            self._kdf = Argon2id(**how)  # type: ignore[arg-type]

        def derive(self, password: bytes) -> bytes:
            now[0] += 1
            most[0] = max(most[0], now[0])
            try:
                return self._kdf.derive(password)
            finally:
                now[0] -= 1

    monkeypatch.setattr(keys, "Argon2id", Watched)
    salt = keys.new_salt()
    people = [
        threading.Thread(
            target=lambda: made.append(keys.password_key("password", salt)), daemon=True
        )
        for _ in range(6)
    ]
    for each in people:
        each.start()
    for each in people:
        each.join(20)
    assert len(made) == 6
    assert len(set(made)) == 1
    assert most == [1]
