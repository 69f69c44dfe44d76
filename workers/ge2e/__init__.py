"""GE2E speaker encoders: what their families share."""
