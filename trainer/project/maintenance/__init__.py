"""Maintenance: backups, files that nothing needs, and work found after a failure."""
