"""The rules: state tables, access, deadlines and tallies as data and plain functions.

Nothing here awaits, reads a clock, makes an id, logs or does I/O; `now` and ids are arguments.
"""
