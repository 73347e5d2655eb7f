"""The process that takes a stranger's calendar apart: `python -m outreach.calendars.busy_child`.

The file comes on standard input; arguments are the window's two instants (ISO 8601), the person's
zone and our host. On standard output goes {"busy": [[start, end, tentative], …]} or {"trouble":
code}. Limits are set before anything is read; who started it kills it when the time is up.
"""

import json
import resource
import sys
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

CPU_S: Final = 5
MEMORY_BYTES: Final = 256 * 1024 * 1024
"""Of address space, the interpreter and its libraries included: those take some 25 MiB."""

_FORBIDDEN: Final = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")


def main(arguments: list[str]) -> int:
    """Read, and write what was found."""
    confine()
    # Only now, so that the limits hold for all that the libraries do.
    from outreach.calendars import busy, busy_lines  # noqa: PLC0415 - see above

    first, last, zone, host = arguments
    asked = busy.Asked(
        starts_at=datetime.fromisoformat(first),
        ends_at=datetime.fromisoformat(last),
        zone=ZoneInfo(zone),
        host=host,
    )
    try:
        found = busy.read(sys.stdin.buffer.read(busy_lines.MOST_BYTES + 1), asked)
    except busy_lines.Refused as refused:
        answer: dict[str, object] = {"trouble": refused.code}
    except (MemoryError, RecursionError):
        answer = {"trouble": busy_lines.TOO_MUCH}
    except Exception:  # noqa: BLE001 - whatever a parser trips over, and its words quote the file
        answer = {"trouble": busy_lines.NOT_A_CALENDAR}
    else:
        answer = {"busy": [(b.starts_at.isoformat(), b.ends_at.isoformat(), b[2]) for b in found]}
    json.dump(answer, sys.stdout)
    return 0


def confine() -> None:
    """Take from this process what it does not need: time, memory, files to write, the network."""
    for kind, most in (
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(event)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
