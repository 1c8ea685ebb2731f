"""Every attempt in SQLite, people's decisions, and what counts."""
