"""What a client sees: types, inputs, payloads, enums and errors. Behaviour lives in `resolvers`."""
