"""The ledger: accounts, orders, deals, positions and faults as rows, durable and shared by processes."""
