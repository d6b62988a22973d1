"""The hub of `tallystick demo`: sample records, real systems beside it, and people who work in all of them.

Everything in it goes the ways of every other hub: integration files are imported, runs are asked for, records are
changed through actions. `tallystick tour` uses the address book and its people too.
"""
