"""Settings of a project: one pydantic model per section of skinseg.toml, and the file itself."""
