"""Groups and their deadlines."""
