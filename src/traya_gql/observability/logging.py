"""Logging: one place decides how lines look and which are kept."""

from __future__ import annotations

import logging
import logging.config


def configure_logging(*, level: str = "INFO") -> None:
    """Send the product's lines to standard error, and of the libraries only warnings."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"traya_gql": {"level": level}},
        }
    )
