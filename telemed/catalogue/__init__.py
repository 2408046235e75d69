"""What `configs/` says of the services and of how they are run, read when a server starts.

A mistake in a file stops the start; nothing here knows a case or a person.
"""
