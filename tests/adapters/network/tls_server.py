"""Certificates made on the spot, and servers that show them."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio


async def openssl(folder: Path, *arguments: str) -> None:
    await trio.run_process(["openssl", *arguments], cwd=folder, capture_stdout=True, capture_stderr=True)


KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
_AUTHORITY = f"req -x509 {KEY} -keyout ca.key -out ca.pem -days 3650 -subj /CN=company"
_SIGN = "ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in r.pem -out c.pem -extfile ext"


async def authority(folder: Path) -> Path:
    """A certificate authority; returns the file of its certificate."""
    extensions = ("-addext", "keyUsage=critical,keyCertSign")
    await openssl(folder, *_AUTHORITY.split(), *extensions)
    return folder / "ca.pem"


async def certificate(folder: Path, host: str = "localhost", *, begins: str = "", ends: str = "") -> ssl.SSLContext:
    """A server's context with a certificate of the authority in this folder. Times as `20200101000000Z`."""
    await openssl(
        folder,
        *f"req {KEY} -keyout k.pem -out r.pem -subj /CN={host}".split(),
    )
    kind = "IP" if host[0].isdigit() else "DNS"
    (folder / "ext").write_text(f"subjectAltName={kind}:{host}\nauthorityKeyIdentifier=keyid\n")
    (folder / "index").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=us\n[us]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
        "unique_subject=no\n[any]\ncommonName=supplied\n"
    )
    times = ("-startdate", begins) if begins else ()
    await openssl(folder, *_SIGN.split(), *times, *(("-enddate", ends) if ends else ("-days", "3650")))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    return context


@asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A server that answers each HTTP request with an empty result; gives its port."""

    async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            while await stream.receive_some(65536):
                body = b'{"error":[],"result":{"unixtime":1,"rfc1123":"x"}}'
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                await stream.send_all(head.encode() + body)
        except (ssl.SSLError, trio.BrokenResourceError):
            return

    (plain,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [trio.SSLListener(plain, context)])
        yield plain.socket.getsockname()[1]
        nursery.cancel_scope.cancel()
