"""A WebTransport client of aioquic: python aioquic-client.py <port>. It sends a datagram and packets on two lanes, and
prints what comes back and how the session ended, as JSON."""
import asyncio
import json
import ssl
import sys

from aioquic.asyncio import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DatagramReceived, DataReceived, HeadersReceived, WebTransportStreamDataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated

LANES = {0: [b"one", bytes(16384)], 4: [b"four"]}


def encoded(size):
    if size < 64:
        return bytes([size])
    return (size | 0x4000).to_bytes(2, "big") if size < 16384 else (size | 0x80000000).to_bytes(4, "big")


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.http = H3Connection(self._quic, enable_webtransport=True)
        self.seen = {"status": None, "datagrams": [], "lanes": {}, "capsule": ""}
        self.streams = {}
        self.answered = set()
        self.lane_streams = {}
        self.over = asyncio.get_running_loop().create_future()

    def begin(self, authority):
        self.session = self._quic.get_next_available_stream_id()
        headers = {":method": "CONNECT", ":scheme": "https", ":authority": authority, ":path": "/game"}
        headers |= {":protocol": "webtransport", "sec-webtransport-http3-draft02": "1"}
        self.http.send_headers(self.session, [(name.encode(), value.encode()) for name, value in headers.items()])
        self.transmit()

    def play(self):
        self.http.send_datagram(self.session, b"datagram")
        for lane, packets in LANES.items():
            stream = self.http.create_webtransport_stream(self.session, is_unidirectional=True)
            self.lane_streams[lane] = stream
            self._quic.send_stream_data(stream, bytes([lane]) + b"".join(encoded(len(p)) + p for p in packets))
        self.transmit()

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated) and not self.over.done():
            self.over.set_result(event.error_code)
        for heard in self.http.handle_event(event):
            self.hear(heard)
        self.transmit()

    def hear(self, event):
        if isinstance(event, HeadersReceived):
            self.seen["status"] = dict(event.headers)[b":status"].decode()
            self.play()
        elif isinstance(event, DatagramReceived):
            self.seen["datagrams"].append(event.data.decode())
        elif isinstance(event, WebTransportStreamDataReceived):
            bytes_ = self.streams.setdefault(event.stream_id, bytearray())
            bytes_ += event.data
            if event.stream_ended:
                lane = bytes_[0]
                self.seen["lanes"][lane] = bytes_[1:].hex()
                # The end of a lane is answered by the end of the same lane.
                self._quic.send_stream_data(self.lane_streams[lane], b"", end_stream=True)
        elif isinstance(event, DataReceived):
            self.seen["capsule"] += event.data.hex()
            if event.stream_ended:
                self._quic.send_stream_data(self.session, b"", end_stream=True)


async def main(port):
    options = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, max_datagram_frame_size=65536)
    options.verify_mode = ssl.CERT_NONE
    async with connect("127.0.0.1", port, configuration=options, create_protocol=Client) as client:
        client.begin(f"127.0.0.1:{port}")
        client.seen["code"] = await client.over
        print(json.dumps(client.seen))


asyncio.run(main(int(sys.argv[1])))
