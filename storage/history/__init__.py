"""The schema's history as SQL, one module a migration. Never edited after a release, only added to."""
