"""Review: verdicts on masks, sent-back photos, and second readings."""
