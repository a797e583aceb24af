"""How records lie in MongoDB: Beanie documents, their indexes, and the named queries.

A room holds a record (a frozen model: what reads return) and a document (the same fields plus what writing needs).
"""
