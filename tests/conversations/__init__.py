"""Scripted conversations: what a person does, what the bot is expected to do, what it did.

The scripts are data (`scripts/*.yml`), played on the real turn, the real Rasa and a real database;
`python -m tests.conversations` writes the table docs/journeys.md.
"""
