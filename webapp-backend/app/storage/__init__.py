"""What must outlive a restart: SQLite on one machine, PostgreSQL for several."""
