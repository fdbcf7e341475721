"""The queue: which photo an annotator gets next, and why; order, filter and search."""
