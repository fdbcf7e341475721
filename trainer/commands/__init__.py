"""The commands of `skinseg`, by what they act on. Each returns a `Reply`; only `cli.main` prints it."""
