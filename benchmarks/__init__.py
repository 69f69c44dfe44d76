"""What the system costs, measured against the bare queue and the bare engines. Run it with `make bench`."""
