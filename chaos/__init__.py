"""The chaos suite: real deployments under load, killed, frozen and cut off by a seeded schedule, and then audited."""
