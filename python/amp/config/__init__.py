"""The configuration file: schema, loading, redacted dump."""
