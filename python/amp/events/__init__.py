"""What happened, told to files, webhooks and brokers. Upstream: eventrecorder."""
