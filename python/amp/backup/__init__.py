"""Backups: one file with all state and all history, of either database, for either database."""
