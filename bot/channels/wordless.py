"""Keeps the libraries' logs from repeating what they carried.

httpx logs each URL, and Telegram's contain the bot token; python-telegram-bot logs a whole update,
a migrant's words in it, when it cannot read one.
"""

import logging

_LIBRARIES = ("telegram", "httpx", "httpcore")


class Wordless(logging.Handler):
    """Takes the words out of a record, before the handlers of the loggers above see it.

    What stays: the level, the logger and line (the library's place), the exception's class.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Replace the record's text."""
        error = record.exc_info[0] if record.exc_info else None
        record.msg = f"line {record.lineno}: {error.__name__ if error else 'said something'}"
        record.args = None
        record.exc_info = record.exc_text = record.stack_info = None


def silence_libraries() -> None:
    """Let warnings of the HTTP libraries through without their words. Safe to call again."""
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        others = [handler for handler in library.handlers if not isinstance(handler, Wordless)]
        library.handlers = [Wordless(), *others]
