"""Cases and work orders: the help desk that asks, and maintenance that does (spec/work-orders.md W1-W16).

The two halves share no tables but records: they talk by messages (`tallystick.server.messages`, docs/adr/0014).
Read in this order: `codes`, `models`, `kinds`, `rules` (what a change of an order tells), `operations`,
`domain/maintenance` and `domain/technician` (the half that does), `domain/help_desk` and `domain/events` (the half
that asks), `domain/replying` (requests for information), `domain/closing`.
"""
