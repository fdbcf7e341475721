"""HTML page about one model, self-contained: figures, example photos, cautions."""
