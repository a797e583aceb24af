"""The assessment as data: `rules.toml` holds every number with its source, the modules apply it to answers."""
