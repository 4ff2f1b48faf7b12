"""The gateway, and the bare line, asked from a test: in a thread of its own, for a browser's loop may run in ours."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import aiohttp

from notifications.gateways import twilio


def ask(name, *arguments):
    """A verb of the Twilio gateway, opened and closed for it."""

    async def inside():
        async with twilio.TwilioGateway() as gateway:
            return await getattr(gateway, name)(*arguments)

    return _run(inside())


def raw(method, url, form=None):
    """The status and JSON of an answer, past every library."""

    async def inside():
        async with aiohttp.ClientSession() as session, session.request(method, url, data=form) as answer:
            return answer.status, await answer.json()

    return _run(inside())


def _run(coroutine):
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
