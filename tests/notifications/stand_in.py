"""A Twilio for tests: a real HTTP server on loopback that answers as it is told and remembers what it was asked."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


class Twilio:
    """`answer`: (status, JSON body), "reset" (the line breaks after it was read) or "hang"."""

    def __init__(self):
        self.answer = (201, {"sid": "SM" + "0" * 32, "status": "queued"})
        self.asked = []
        self.released = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                form = {
                    name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()
                }
                stand_in.asked.append((self.path, form, self.headers.get("Authorization", "")))
                if stand_in.answer == "hang":
                    stand_in.released.wait(30)
                if isinstance(stand_in.answer, str):
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, body = stand_in.answer
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def refuse(self, status, code):
        self.answer = (status, {"code": code, "message": "no", "status": status, "more_info": ""})

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
