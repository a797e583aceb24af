"""The backend of a hair-treatment company as one typed GraphQL graph."""

__version__ = "0.1.0"
