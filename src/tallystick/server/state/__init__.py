"""The state of the engine in a database: links, bases, journal, reviews, runs, cursors.

`tallystick.server.state.store.open_store` opens one; importing this package imports no Django.
"""
