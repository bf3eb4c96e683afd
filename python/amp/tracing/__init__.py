"""Spans of requests, flushes and deliveries through OpenTelemetry. Upstream: tracing."""
