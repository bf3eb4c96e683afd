"""What the OpenAPI document says of AMP's own endpoints, one file a noun."""
