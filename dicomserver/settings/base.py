"""What is the same wherever the DICOM Server runs."""

import os
from pathlib import Path

from dicomserver.access import schedule as access
from dicomserver.commitment import schedule as commitment
from dicomserver.deleting import schedule as deleting
from dicomserver.dicomweb import schedule as dicomweb
from dicomserver.elsewhere import schedule as elsewhere
from dicomserver.equipment import schedule as equipment
from dicomserver.forwarding import schedule as forwarding
from dicomserver.heartbeats import schedule as heartbeats
from dicomserver.importing import schedule as importing
from dicomserver.orders import schedule as orders
from dicomserver.outbox import schedule as outbox
from runtime import env
from runtime.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent.parent

INSTALLED_APPS = [
    "rest_framework",
    "dicomserver",
    "dicomserver.index",
    "dicomserver.outbox",
    "dicomserver.access",
    "dicomserver.ingest",
    "dicomserver.orders",
    "dicomserver.commitment",
    "dicomserver.equipment",
    "dicomserver.forwarding",
    "dicomserver.elsewhere",
    "dicomserver.importing",
    "dicomserver.exporting",
    "dicomserver.deleting",
    "dicomserver.hl7",
    "dicomserver.heartbeats",
    "dicomserver.dicomweb",
    "dicomserver.scp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "dicomserver.dicomweb.cors.CorsMiddleware",
]

ROOT_URLCONF = "dicomserver.urls"
WSGI_APPLICATION = "dicomserver.wsgi.application"

# All that must survive: archive/, incoming/, quarantine/, identity/. One file system: files move by rename.
DICOM_SERVER_HOME = env.path("DICOM_SERVER_HOME", BASE_DIR / "var" / "dicomserver")
ARCHIVE_RESERVE_BYTES = env.number("ARCHIVE_RESERVE_BYTES", 1024**3)
# Around the page cache: quicker, and other files stay in it. Off, what just came is read from memory: rotating disks.
ARCHIVE_DIRECT_WRITES = env.flag("ARCHIVE_DIRECT_WRITES", default=True)

# DIMSE
DICOM_AE_TITLE = env.text("DICOM_AE_TITLE", "DICOMSERVER")
DICOM_HOST = env.text("DICOM_HOST", "127.0.0.1")
DICOM_PORT = env.number("DICOM_PORT", 11112)
ALLOWED_CALLING_AE_TITLES = env.words("ALLOWED_CALLING_AE_TITLES", ())
ACCEPT_ANY_CALLED_AE_TITLE = env.flag("ACCEPT_ANY_CALLED_AE_TITLE", False)
# Processes that receive; each takes the associations that the others have no time for.
DICOM_PROCESSES = env.number("DICOM_PROCESSES", min(4, os.cpu_count() or 1), minimum=1)
MAXIMUM_ASSOCIATIONS = env.number("MAXIMUM_ASSOCIATIONS", 64)
# How long this server waits for another machine's answer: some write to tape before they answer a C-STORE.
DICOM_PEER_TIMEOUT_SECONDS = env.number("DICOM_PEER_TIMEOUT_SECONDS", 60, minimum=1)
# Private storage SOP classes of the site's modalities; all standard ones are accepted anyway.
ADDITIONAL_STORAGE_SOP_CLASSES = env.words("ADDITIONAL_STORAGE_SOP_CLASSES", ())
# DICOM by TLS: a port of its own (0: none), files in PEM that are read again when they change, the authorities whose
# certificates are believed (empty: the system's), and whether who connects must prove one: required, optional, none.
DICOM_TLS_PORT = env.number("DICOM_TLS_PORT", 0)
DICOM_TLS_CERTIFICATE = env.text("DICOM_TLS_CERTIFICATE", "")
DICOM_TLS_KEY = env.text("DICOM_TLS_KEY", "")
DICOM_TLS_CA = env.text("DICOM_TLS_CA", "")
DICOM_TLS_CLIENTS = env.text("DICOM_TLS_CLIENTS", "required")

# Orders
# A study that a modality has begun, and not ended, is not complete for being quiet; at most so long.
PROCEDURE_STEP_OPEN_SECONDS = env.number("PROCEDURE_STEP_OPEN_SECONDS", 4 * 3600, minimum=0)
# Nor is one of which announced instances are missing.
ANNOUNCED_INSTANCES_WAIT_SECONDS = env.number("ANNOUNCED_INSTANCES_WAIT_SECONDS", 3600, minimum=0)
# The modality worklist answers with so many steps at most.
WORKLIST_LIMIT = env.number("WORKLIST_LIMIT", 1000, minimum=1)
# A step that nobody did leaves the worklist so many days after the day for which it was scheduled.
WORKLIST_OVERDUE_DAYS = env.number("WORKLIST_OVERDUE_DAYS", 7, minimum=0, maximum=36_500)
# A query that names no station gets the steps of the station that asks, and those of none.
WORKLIST_BY_CALLING_STATION = env.flag("WORKLIST_BY_CALLING_STATION", default=False)

# HL7 version 2 over MLLP; 0 is off. 2575 is what the registry of ports gives to it.
HL7_HOST = env.text("HL7_HOST", "127.0.0.1")
HL7_PORT = env.number("HL7_PORT", 0)
# Addresses and networks from which messages are taken.
HL7_ALLOWED_ADDRESSES = env.words("HL7_ALLOWED_ADDRESSES", ("127.0.0.0/8", "::1/128"))
# Of messages that do not say theirs in MSH-18.
HL7_CHARSET = env.text("HL7_CHARSET", "utf-8")
# Of time stamps that do not say theirs, such as Europe/Chisinau.
HL7_TIME_ZONE = env.text("HL7_TIME_ZONE", "UTC")

# DICOMweb
DICOMWEB_HOST = env.text("DICOMWEB_HOST", "127.0.0.1")
DICOMWEB_PORT = env.number("DICOMWEB_PORT", 8042)
DICOMWEB_PUBLIC_URL = env.text("DICOMWEB_PUBLIC_URL", f"http://{DICOMWEB_HOST}:{DICOMWEB_PORT}/dicomweb")
# The addresses under which browsers reach the portal.
PORTAL_ORIGINS = env.words("PORTAL_ORIGIN", ())
DICOMWEB_WORKERS = env.number("DICOMWEB_WORKERS", min(4, os.cpu_count() or 1), minimum=1)
# A query that could be of any study gets so many matches at most, and is told that there are more.
QUERY_MAXIMUM_RESULTS = env.number("QUERY_MAXIMUM_RESULTS", 5000, minimum=1)
# After such a pause in reading a study, the portal's audit hears what was read.
VIEWING_SESSION_IDLE_SECONDS = env.number("VIEWING_SESSION_IDLE_SECONDS", 60, minimum=2)

# Import. Whatever is put into the folder is taken in once it has not changed for so long; then it is removed, or kept
# in its folder done/. What is refused goes into refused/, with the reason.
IMPORT_FOLDER = Path(folder).expanduser().absolute() if (folder := env.text("IMPORT_FOLDER", "")) else None
IMPORT_FOLDER_QUIET_SECONDS = env.number("IMPORT_FOLDER_QUIET_SECONDS", 10, minimum=1)
IMPORT_FOLDER_KEEPS_DONE = env.flag("IMPORT_FOLDER_KEEPS_DONE", default=False)
# Uploads by people: the largest file, how many unfinished ones each may have, and how long an unfinished one is kept.
UPLOAD_MAXIMUM_BYTES = env.number("UPLOAD_MAXIMUM_BYTES", 16 * 1024**3, minimum=1)
UPLOADS_A_PERSON = env.number("UPLOADS_A_PERSON", 200, minimum=1)
UPLOAD_KEEP_HOURS = env.number("UPLOAD_KEEP_HOURS", 24, minimum=1)

# What is prepared for readers (metadata, pictures) can be made again: beyond this the least used goes.
CACHE_MAXIMUM_BYTES = env.number("CACHE_MAXIMUM_BYTES", 4 * 1024**3)

# So long deleted instances can be restored; then their bytes go for good.
DELETED_KEEP_DAYS = env.number("DELETED_KEEP_DAYS", 30)

# Portal
PORTAL_URL = env.text("PORTAL_URL", "")
STUDY_QUIET_SECONDS = env.number("STUDY_QUIET_SECONDS", 30)
HEARTBEAT_SECONDS = env.number("HEARTBEAT_SECONDS", 10)
NATIONAL_ID_ISSUERS = env.words("NATIONAL_ID_ISSUERS", ("IDNP",))

# Tasks
CELERY_BEAT_SCHEDULE = outbox.SCHEDULE | access.SCHEDULE | dicomweb.SCHEDULE | heartbeats.schedule(HEARTBEAT_SECONDS)
CELERY_BEAT_SCHEDULE |= (
    orders.SCHEDULE | forwarding.SCHEDULE | commitment.SCHEDULE | equipment.SCHEDULE | importing.SCHEDULE
)
CELERY_BEAT_SCHEDULE |= deleting.SCHEDULE | elsewhere.SCHEDULE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Servers may share one Redis; each does its own tasks.
CELERY_TASK_DEFAULT_QUEUE = f"dicomserver.{DICOM_AE_TITLE}"
# What sends or fetches many instances may take hours: a worker of its own (run_transfers), so that reports never wait.
TRANSFERS_QUEUE = f"{CELERY_TASK_DEFAULT_QUEUE}.transfers"
CELERY_TASK_ROUTES = {
    f"dicomserver.{room}.*": {"queue": TRANSFERS_QUEUE}
    for room in ("forwarding", "commitment", "equipment", "elsewhere", "importing")
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING = logging_config("dicomserver")
# It quotes the values that it cannot read, which are patient data; ingest says what matters of them.
LOGGING["loggers"]["pydicom"] = {"level": "CRITICAL"}
# Two lines for each task, of which there are several a second.
LOGGING["loggers"] |= {name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.worker.strategy")}
