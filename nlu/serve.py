"""Starts Rasa as a child that cannot outlive its parent.

The parent holds the other end of standard input. When it is gone, however it went, that end closes
and this process ends at once. The settings come by the environment, so that no token stands in the
list of processes: SAMLENG_RASA_PORT, SAMLENG_RASA_MODEL and what endpoints.yml and credentials.yml
name. Rasa's HTTP API is not enabled; the only door is nlu/channel.py.
"""

import os
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def end_with_parent() -> None:
    """Read standard input until its other end is closed, then end the process."""
    # Not sys.stdin: its lock, held by this thread, would break an ordinary end of the process.
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    """Run the server until told to stop."""
    threading.Thread(target=end_with_parent, name="end-with-parent", daemon=True).start()
    settings = os.environ
    model = Path(settings["SAMLENG_RASA_MODEL"])
    if not model.is_file():
        print("samleng: Rasa stops: there is no trained model", file=sys.stderr, flush=True)
        os._exit(78)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.argv = [
        "rasa",
        "run",
        "--interface",
        "127.0.0.1",
        "--port",
        settings["SAMLENG_RASA_PORT"],
        "--model",
        str(model),
        "--endpoints",
        "endpoints.yml",
        "--credentials",
        "credentials.yml",
    ]
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
