"""Answers that are kept: in memory, and in Redis where one is given."""
