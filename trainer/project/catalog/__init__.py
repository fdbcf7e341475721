"""The catalog: tables, engines, transactions, counts that are kept, and the event log."""
