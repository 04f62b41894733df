"""The event loop of Pulumi's mocks: Python 3.12 warns where nobody has made one, 3.14 fails (pulumi/pulumi#24338)."""

import asyncio
import sys

if sys.version_info >= (3, 12):
    asyncio.set_event_loop(asyncio.new_event_loop())
