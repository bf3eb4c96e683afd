"""Series that are counted when somebody scrapes."""
