"""Command line of skinseg, one file per group of commands; each returns a Reply, which main prints."""
