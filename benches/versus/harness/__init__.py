"""The orchestrator of `make versus`: starts servers, loads them, reads their cost from /proc."""
