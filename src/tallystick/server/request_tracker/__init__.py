"""Request Tracker as a help desk of maintenance: a ticket becomes a work order, and hears what becomes of it (W1).

It speaks the messages of the work order pack for a help desk that cannot: what tickets ask and say goes to maintenance
as messages (`hearing`), what maintenance tells is written on tickets (`telling`). How the system is reached is a
connection of the hub like any other. Read in this order: `models`, `asking` (a ticket as a request), `hearing`,
`wording`, `telling`, `beside` (when). Source: docs/adr/0015.
"""
