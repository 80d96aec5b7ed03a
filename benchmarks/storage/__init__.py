"""What sending and reading cost in the database: a PostgreSQL that keeps what it commits, and SQLite."""
