"""What MetaTrader 5 calls things: constants, records, codes, texts, and the symbols that there are."""
