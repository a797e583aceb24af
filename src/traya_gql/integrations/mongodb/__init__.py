"""The embedded MongoDB: a real mongod that the servers of one data folder share, for development and tests."""
