"""The scheduler's database: schema, transactions, clock, named queries."""
