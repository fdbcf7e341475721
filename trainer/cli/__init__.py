"""The commands of skinseg, one file per group. Each returns a Reply, which main prints."""
