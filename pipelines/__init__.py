"""What should happen: plans, states, the catalog. Pure: no database, no broker, no HTTP, no engine."""
