"""Logs for the person who runs the machine: one JSON object a line, and nothing about a patient.

An exception's text may quote a row ("Key (mrn)=(...) already exists") and a query string may hold a name.
So a log line carries the exception's type and where it was raised, and an address without its query.
"""

import logging
import sys
import traceback
from typing import Any

import structlog


def where_raised(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the exception by its type and its places in the code."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        event["exception"] = info[0].__name__
        event["raised_at"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(info[2])][
            -12:
        ]
    return event


def without_arguments(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Keep a foreign library's fixed words, not what it filled into them.

    Django logs "Bad Request: %s" with the address and "%s" with an exception's text: arguments are where
    a patient's data would be. Only those who start and stop processes are trusted with theirs.
    """
    arguments = event.pop("positional_args", ())
    if arguments and str(event.get("logger", "")).startswith(_PROCESSES):
        event["event"] = str(event["event"]) % arguments
    return event


_PROCESSES = ("celery", "granian", "_granian", "kombu")
_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
    where_raised,
]

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        *_SHARED,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "use_get_message": False,
            "pass_foreign_args": True,
            "foreign_pre_chain": [structlog.contextvars.merge_contextvars, *_SHARED, without_arguments],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "clinic": {"level": "INFO"},
        "scheduling": {"level": "INFO"},
        "monitoring": {"level": "INFO"},
        "notifications": {"level": "INFO"},
        # It logs telephone numbers at INFO.
        "twilio": {"level": "WARNING"},
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},
        "celery": {"level": "INFO"},
        # One line for every tick would be 17,000 a day.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}


def get(name: str) -> Any:
    """A logger for our own code: `log.info("event", key=value)`, ids only."""
    return structlog.stdlib.get_logger(name)


logging.captureWarnings(True)
