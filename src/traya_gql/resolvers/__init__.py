"""What a client may ask: the fields of Query and Mutation, one room a feature."""
