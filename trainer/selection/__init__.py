"""Click and done: masks of the thing under a click, by MobileSAM or by superpixels. Free of Qt and torch."""
