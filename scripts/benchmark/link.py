"""A TCP link with a round trip time and a bandwidth that counts bytes and HTTP requests; knows nothing of Git.

Run as a program it serves `TARGET_PORT ROUND_TRIP_SECONDS BITS_PER_SECOND [HEADER]`, and drops the header of that name
from each request, as old proxies do with those that they don't know: it prints its own port, and for each line
on standard input a JSON object of what went through since the last one. It ends when its standard input ends.
"""

import asyncio
import contextlib
import json
import re
import sys

REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
CHUNK = 16 * 1024
# How far a sender may run ahead of the link.
WINDOW = 0.02


class Link:
    def __init__(self, target, round_trip, rate, dropped=None):
        self.target, self.round_trip, self.rate = target, round_trip, rate
        self.dropped = dropped and re.compile(rb"\r\n%s:[^\r]*" % re.escape(dropped.encode()), re.IGNORECASE)
        self.free_at = {"up": 0.0, "down": 0.0}
        self.reset()

    def reset(self):
        self.bytes = {"up": 0, "down": 0}
        self.requests = []
        self.connections = 0

    def report(self):
        """What went through; `rounds` is the longest chain of requests that each began after the one before ended."""
        rounds, end = 0, 0.0
        for request in sorted(self.requests, key=lambda request: request["end"]):
            if request["start"] >= end:
                rounds, end = rounds + 1, request["end"]
        return {**self.bytes, "requests": len(self.requests), "rounds": rounds, "connections": self.connections}

    async def serve(self, client_reader, client_writer):
        self.connections += 1
        # A client can send only when its SYN has been answered.
        ready = now() + self.round_trip
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        exchange = {"current": None}

        def up(data):
            if REQUEST.match(data):
                exchange["current"] = {"start": now(), "end": now()}
                self.requests.append(exchange["current"])

        def down(_data):
            if exchange["current"]:
                exchange["current"]["end"] = now() + self.round_trip / 2

        # A connection that is still open when the link ends ends with it.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                self.forward("up", client_reader, server_writer, up, ready),
                self.forward("down", server_reader, client_writer, down, 0.0),
            )

    async def forward(self, way, reader, writer, seen, ready):
        queue = asyncio.Queue()
        deliver = asyncio.create_task(self.deliver(queue, writer))
        try:
            while data := await reader.read(CHUNK):
                seen(data)
                if self.dropped and way == "up":
                    data = self.dropped.sub(b"", data)
                self.bytes[way] += len(data)
                start = max(now(), ready, self.free_at[way])
                self.free_at[way] = start + (len(data) * 8 / self.rate if self.rate else 0)
                queue.put_nowait((self.free_at[way] + self.round_trip / 2, data))
                if (ahead := self.free_at[way] - now()) > WINDOW:
                    await asyncio.sleep(ahead - WINDOW)
        except ConnectionError:
            pass
        queue.put_nowait((now() + self.round_trip / 2, None))
        await deliver

    async def deliver(self, queue, writer):
        try:
            while (item := await queue.get())[1] is not None:
                at, data = item
                if (wait := at - now()) > 0:
                    await asyncio.sleep(wait)
                writer.write(data)
                await writer.drain()
            writer.close()
        except ConnectionError:
            pass


def now():
    return asyncio.get_running_loop().time()


async def main():
    target, round_trip, rate = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    link = Link(target, round_trip, rate, *sys.argv[4:5])
    server = await asyncio.start_server(link.serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while await commands.readline():
        print(json.dumps(link.report()), flush=True)
        link.reset()


if __name__ == "__main__":
    asyncio.run(main())
