"""What the trade server does by itself when it comes due: stops, pending orders, swaps, stop-outs, trades of others."""
