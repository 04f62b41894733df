"""What Pulumi's mocks need since Python 3.14, which makes no event loop that nobody asked for (pulumi/pulumi#24338)."""

import asyncio
import sys

if sys.version_info >= (3, 14):
    asyncio.set_event_loop(asyncio.new_event_loop())
