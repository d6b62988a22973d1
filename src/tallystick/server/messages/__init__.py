"""Messages: service operations between systems, their transactions, attempts and history (spec/engine.md E37, E38).

Read in this order: `operation` and `envelope` (what a message is), `course` (what becomes of a transaction), `models`,
`outbox` (writing), `courier` and `transports` (sending), `receiving`, `wire` (HTTP). docs/adr/0014 tells why.
"""
