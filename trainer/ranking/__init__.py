"""Ranking the pool: a pass over its photos, then a strategy; in this process or on a cluster."""
