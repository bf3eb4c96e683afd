"""The live stream: events, as they happen, for everybody who listens."""
