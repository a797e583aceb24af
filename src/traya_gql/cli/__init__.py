"""The command `traya-gql`. Thin: it calls services and prints."""

# first: a broken data file is told in words before the application is built from it
from traya_gql.cli import data_files, jobs, ruleset, serving, staff, upkeep
from traya_gql.cli.program import app

__all__ = ["app", "data_files", "jobs", "ruleset", "serving", "staff", "upkeep"]
