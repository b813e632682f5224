"""What this server needs to do its work, looked at one by one; each trouble in words that an operator understands."""

import threading
import time
from typing import Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from dicomserver.archive import Trouble
from dicomserver.identity import IdentityError, load_identity
from dicomserver.index.condition import DatabaseTrouble
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.condition import Condition, Waiting, condition_of

OK: Final = "ok"
# Looking costs some writes, and anybody may ask.
KEPT_SECONDS: Final = 1.0
# A look that takes longer found a database that hangs; whoever asks meanwhile is told, and waits no longer.
LOOK_SECONDS: Final = 3.0
REDIS_SECONDS: Final = 1.0

_REFUSED: Final = "New instances are refused for the time being (0xA700, 507); what is stored stays readable."
_ARCHIVE: Final = {
    Trouble.FULL: f"full: no room is left beyond the reserve. {_REFUSED} Make room on the volume of DICOM_SERVER_HOME.",
    Trouble.NO_INODES: f"no inodes: the volume of DICOM_SERVER_HOME can take no more files. {_REFUSED}",
    Trouble.READ_ONLY: f"read-only: the volume of DICOM_SERVER_HOME takes no changes. {_REFUSED} "
    "If the kernel did that after an error of the disk, check the volume and mount it again.",
    Trouble.NO_PERMISSION: f"no permission: this server may not write to its folders. {_REFUSED} "
    "Give archive/, incoming/ and quarantine/ in DICOM_SERVER_HOME back to the account that it runs as.",
    Trouble.MISSING: "missing: archive/ or incoming/ is not in DICOM_SERVER_HOME. "
    "Mount its volume, or set the right path.",
    Trouble.FAILING: f"failing: the volume of DICOM_SERVER_HOME answers with errors. {_REFUSED} Check the disk.",
}
_KEPT: Final = "Instances are taken in and kept until it takes them, up to a bound."
_DATABASE: Final = {
    DatabaseTrouble.AWAY: f"away: the database does not answer. {_KEPT} Nothing can be read. Start it.",
    DatabaseTrouble.NO_TABLES: "no tables: run `python -m dicomserver migrate`.",
    DatabaseTrouble.FULL: f"full: its volume has no room, and it cannot write. {_KEPT} Make room there.",
    DatabaseTrouble.READ_ONLY: f"read-only: it cannot write. {_KEPT} It is a standby, was set to read-only, "
    "or its volume is read-only.",
    DatabaseTrouble.FAILING: f"failing: its disk answers with errors, and it cannot write. {_KEPT} Check the disk.",
}

_REDIS_AWAY: Final = (
    "away: Redis does not answer. Instances are taken in and can be read as ever; reports to the portal, heartbeats "
    "and what is prepared for readers wait until it is back. Start it."
)

_lock: Final = threading.Lock()
_last: tuple[object, float, Condition, bool] | None = None


def readiness() -> dict[str, str]:
    """Each check's outcome: "ok", or one or two words, a colon, what that means and what to do."""
    condition, redis_answers = _state()
    return {
        "database": OK if condition.database is None else _DATABASE[condition.database],
        "archive": OK if condition.archive is None else _ARCHIVE[condition.archive.trouble],
        "ingest": _ingest(condition.waiting),
        "redis": OK if redis_answers else _REDIS_AWAY,
        "identity": _identity(),
    }


def current_condition() -> Condition:
    """The server's condition, looked at no more than a second ago."""
    return _state()[0]


def _state() -> tuple[Condition, bool]:
    """The condition, and whether Redis answers."""
    global _last  # noqa: PLW0603 - one a process
    key = (settings.DICOM_SERVER_HOME, settings.ARCHIVE_RESERVE_BYTES)
    if not _lock.acquire(timeout=LOOK_SECONDS):
        return Condition(archive=None, database=DatabaseTrouble.AWAY, waiting=None), True
    try:
        now = time.monotonic()
        if _last is None or _last[0] != key or now - _last[1] > KEPT_SECONDS:
            _last = (key, now, condition_of(configured_archive()), _redis_answers())
        return _last[2], _last[3]
    finally:
        _lock.release()


def _redis_answers() -> bool:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _ingest(waiting: Waiting | None) -> str:
    if waiting is None or not waiting.is_late:
        return OK
    return (
        f"waiting: {waiting.instances} instances were received and are safe, but not in the index yet, the first since "
        f"{waiting.oldest_seconds:.0f} s. They follow when database and archive work."
    )


def _identity() -> str:
    try:
        load_identity(settings.DICOM_SERVER_HOME)
    except IdentityError as error:
        return str(error)
    return OK
