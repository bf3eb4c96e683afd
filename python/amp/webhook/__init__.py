"""What other systems post as alerts: one file a format, each pure: JSON in, alerts out."""
