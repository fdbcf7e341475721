"""Forms: a few typed questions, a button, and one line that says what came of it."""
