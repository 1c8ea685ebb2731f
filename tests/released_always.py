"""Imported by a server of commands: their releases record the committed changes."""

from tests.released import changes_as_committed

changes_as_committed().__enter__()
