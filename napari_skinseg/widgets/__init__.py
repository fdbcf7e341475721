"""The window's widgets. Qt is imported here only."""
