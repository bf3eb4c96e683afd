"""The way into the HTTP server: sockets, TLS, passwords, headers, rate limit."""
