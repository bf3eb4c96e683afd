"""Values found in a configuration file."""
