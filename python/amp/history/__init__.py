"""What happened: kept beside the state, asked by the API, and never in the way of an alert."""
