"""The studies there are, one small file each."""
