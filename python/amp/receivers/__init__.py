"""The integrations, one file each."""
