"""The command `traya-gql`. Thin: it calls services and prints."""

from traya_gql.cli import ruleset, serving, staff, upkeep
from traya_gql.cli.program import app

__all__ = ["app", "ruleset", "serving", "staff", "upkeep"]
