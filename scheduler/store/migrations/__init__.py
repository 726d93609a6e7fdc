"""The history of the schema: one numbered file a step in `versions`, for `scheduler.store.migrate` to run.

Each file says in `phase` when it runs:

* `pre`: before the first scheduler of the new version serves. Old schedulers go on working against what it
  leaves behind, so it only adds: a table, a column that may be empty or has a default, an index, a wider
  CHECK.
* `post`: when no scheduler of the old version runs any more. Here goes what the old version still needed.

A step is written by hand and imports nothing of the scheduler but `indexes`: the tables of today are not those of its
day. An index is built by `indexes.build_index`, before all else that its step does. All steps that are due run in one
transaction, but on PostgreSQL such a build ends it and another one begins: what failed is run again from there.
There is no way down: a mistake is mended by the next step.
`tests/contract/test_migrations_schema.py` holds the sum of the steps against `scheduler.store.tables`.
"""
