"""How hypothesis searches the domain: enough to find things, soon enough to be run at every change."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("domain", max_examples=50, deadline=None, print_blob=True)
settings.load_profile("domain")
