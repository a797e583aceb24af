"""The graph: the roots joined, the limits, the errors, and the running of operations."""

from traya_gql.graph.operations import Graph, Operation, Refused, Response
from traya_gql.graph.roots import build_schema, schema_text

__all__ = ["Graph", "Operation", "Refused", "Response", "build_schema", "schema_text"]
