"""What the docks show, resolved from session and project by pure functions. Free of Qt."""
