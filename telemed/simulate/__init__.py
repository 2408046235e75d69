"""The network in play: a seeded plan of what people do, players who do it, a ledger, a check."""
