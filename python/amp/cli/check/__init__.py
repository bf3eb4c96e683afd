"""`amp check`: what a configuration, its flags and a storage folder will do, before they do it.

It reads. Nothing is written, sent or locked, and no secret is shown.
"""
