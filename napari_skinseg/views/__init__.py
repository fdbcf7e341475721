"""State of docks and tabs, resolved from session and project by pure functions. Free of Qt."""
