"""A command line with commands, flags and arguments, read and explained as upstream's is."""
