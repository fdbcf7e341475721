"""One self-contained HTML page about one model: figures, example photos, cautions."""
