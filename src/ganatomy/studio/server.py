"""The studio as a web application: addresses, files, and the sockets of visitors."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from ganatomy.errors import GanatomyError, MissingFileError, SettingError
from ganatomy.photographs import open_photograph
from ganatomy.recipes.fields import parse
from ganatomy.studio import exports
from ganatomy.studio.bench import Bench
from ganatomy.studio.guards import MOST_BODY, MOST_REQUEST, MOST_VISITORS, Guard, inline_scripts, read_body
from ganatomy.studio.page import panel_data
from ganatomy.studio.pasting import PasteRequest
from ganatomy.studio.photographs import received
from ganatomy.studio.restoring import restore
from ganatomy.studio.sockets import BROKEN, Visit, error_text
from ganatomy.studio.thumbnails import Thumbnails
from ganatomy.studio.trust import Answers, TrustDesk, trust_folder
from ganatomy.studio.turns import Pause, Superseded, Worker

STATIC = Path(__file__).parent / "static"
PAGE = STATIC / "index.html"
MOST_FILES = 4
"""Files that are made at a time; further requests wait."""
CLOSING = "the studio is closing"

T = TypeVar("T")

log = logging.getLogger("ganatomy.studio")


class Studio:
    """The models of a studio, and the number of its visitors."""

    def __init__(self, benches: Sequence[Bench]) -> None:
        if not benches:
            raise SettingError("a studio needs a model; name one")
        self.benches = {bench.name: bench for bench in benches}
        self.workers = {name: Worker() for name in self.benches}
        self.thumbnails = {
            name: Thumbnails(bench, self.workers[name]) for name, bench in self.benches.items()
        }
        self.trust = {
            name: TrustDesk(bench, bench.trust_folder or trust_folder(bench))
            for name, bench in self.benches.items()
        }
        self.num_visitors = 0
        self._files = asyncio.Semaphore(MOST_FILES)
        self.large = asyncio.Semaphore(1)
        """Held by work on a whole photograph, which may take hundreds of MB."""

    def bench(self, name: str | None) -> Bench:
        """The model of that name; the first where none is named.

        Raises:
            MissingFileError: for one that is not open.
        """
        if name is None:
            return next(iter(self.benches.values()))
        if name not in self.benches:
            raise MissingFileError(
                f"no model {name[:80]!r} is open here; there are {', '.join(self.benches)}"
            )
        return self.benches[name]

    def close(self) -> None:
        """Stop all work, and accept no more."""
        for worker in self.workers.values():
            worker.close()

    async def make(self, request: Request, bench: Bench, work: Callable[[Pause], T]) -> T:
        """Make something in turn with the queries of a model's visitors, as long as the client of the request waits.

        Raises:
            ClientDisconnect: when the client has left.
            Superseded: when the studio ends before.
        """
        visitor, made = object(), list[T]()
        worker = self.workers[bench.name]
        async with self._files:
            gone = asyncio.ensure_future(_left(request))
            making = asyncio.wrap_future(
                worker.submit(visitor, "file", lambda pause: made.append(work(pause)))
            )
            try:
                await asyncio.wait({gone, making}, return_when=asyncio.FIRST_COMPLETED)
                left = not making.done()
            finally:
                gone.cancel()
                worker.forget(visitor)
                await asyncio.wait({making})  # until its next pause: it may be writing
        if left:
            raise ClientDisconnect
        if making.cancelled():
            raise Superseded
        making.result()
        return made[0]


def application(studio: Studio, *, token: str | None = None) -> ASGIApp:
    """The web application of a studio.

    Args:
        token: that visitors must give, for a studio that is not on loopback.
    """
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/api/models", _models),
            Route("/api/panel", _answering(_panel)),
            Route("/api/thumbnails", _answering(_thumbnails)),
            Route("/api/export", _answering(partial(_file, exports.ExportRequest)), methods=["POST"]),
            Route("/api/film", _answering(partial(_file, exports.FilmRequest)), methods=["POST"]),
            Route("/api/faces", _answering(partial(_file, exports.FacesRequest)), methods=["POST"]),
            Route("/api/restore", _answering(_restore), methods=["POST"]),
            Route("/api/photograph", _answering(_photograph), methods=["POST"]),
            Route("/api/photograph", _answering(_forget), methods=["DELETE"]),
            Route("/api/paste", _answering(_paste), methods=["POST"]),
            Route("/api/trust", _answering(_trust), methods=["GET", "POST"]),
            Route("/api/blind", _answering(_blind), methods=["GET", "POST"]),
            WebSocketRoute("/socket", _socket),
            Mount("/static", GZipMiddleware(_Static(directory=STATIC))),
        ],
        exception_handlers={404: _not_found, 405: _not_found, Exception: _broken},
    )
    app.state.studio = studio
    return Guard(app, token, inline_scripts(PAGE.read_text(encoding="utf-8")))


class _Static(StaticFiles):
    """Files that a browser validates each time, so that a newer studio is never mixed with an older page."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def _page(request: Request) -> Response:
    return FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


async def _models(request: Request) -> Response:
    studio: Studio = request.app.state.studio
    return _json(
        await asyncio.to_thread(lambda: {"models": [bench.data() for bench in studio.benches.values()]})
    )


async def _panel(studio: Studio, request: Request) -> Response:
    bench = studio.bench(request.query_params.get("model"))
    if bench.panel is None:
        return _not_yet(bench)
    return _json(await asyncio.to_thread(panel_data, bench.panel, bench.name))


async def _thumbnails(studio: Studio, request: Request) -> Response:
    bench = studio.bench(request.query_params.get("model"))
    if bench.panel is None:
        return _not_yet(bench)
    sprite = await studio.thumbnails[bench.name].get()
    return Response(sprite, media_type="image/webp", headers={"Cache-Control": "no-store"})


async def _trust(studio: Studio, request: Request) -> Response:
    """The study of trust; a POST begins it."""
    desk = studio.trust[studio.bench(request.query_params.get("model")).name]
    if request.method == "POST":
        desk.begin()
    return _json(await asyncio.to_thread(desk.data))


async def _blind(studio: Studio, request: Request) -> Response:
    """The questions of the blind sheet; a POST compares answers to them with what the classifiers read."""
    desk = studio.trust[studio.bench(request.query_params.get("model")).name]
    if request.method == "GET":
        return _json({"questions": await asyncio.to_thread(desk.questions)})
    data = await read_body(request, most=MOST_REQUEST)
    if data is None:
        raise SettingError(f"a request has at most {MOST_REQUEST >> 20} MB")
    answers = Answers.read(parse(data), "")
    return _json({"lines": await asyncio.to_thread(desk.compare, answers.given)})


async def _file(
    kind: type[exports.ExportRequest | exports.FilmRequest | exports.FacesRequest],
    studio: Studio,
    request: Request,
) -> Response:
    """A file that is made in a folder of its own, which is deleted when the file has been sent."""
    data = await read_body(request, most=MOST_REQUEST)
    if data is None:
        raise SettingError(f"a request has at most {MOST_REQUEST >> 20} MB")
    wanted = kind.read(parse(data), "")
    bench = studio.bench(wanted.model)
    folder = tempfile.TemporaryDirectory(prefix="ganatomy-studio-")
    try:
        path = await studio.make(
            request, bench, lambda pause: wanted.write(bench, Path(folder.name), pause=pause)
        )
    except BaseException:
        folder.cleanup()
        raise
    return _download(path, folder)


async def _restore(studio: Studio, request: Request) -> Response:
    wanted = studio.bench(request.query_params.get("model"))
    data = await read_body(request)
    if data is None:
        return _too_long()
    order = [wanted, *(bench for bench in studio.benches.values() if bench is not wanted)]
    return _json(await studio.make(request, wanted, lambda _: restore(order, data)))


async def _photograph(studio: Studio, request: Request) -> Response:
    """A photograph is kept in memory, and its faces are found."""
    bench = studio.bench(request.query_params.get("model"))
    data = await read_body(request)
    if data is None:
        return _too_long()
    async with studio.large:
        photograph = await asyncio.to_thread(open_photograph, data)
        layout = await studio.make(request, bench, lambda pause: bench.layout(pause=pause))
        kept = await asyncio.to_thread(
            received, data, photograph, detector=bench.find_detector(), layout=layout
        )
    bench.photographs.add(kept)
    return _json(kept.about())


async def _forget(studio: Studio, request: Request) -> Response:
    bench = studio.bench(request.query_params.get("model"))
    bench.photographs.forget(request.query_params.get("id", ""))
    return _json({})


async def _paste(studio: Studio, request: Request) -> Response:
    """A photograph with an edit; the model has its next turn while the pixels are mixed."""
    data = await read_body(request, most=MOST_REQUEST)
    if data is None:
        raise SettingError(f"a request has at most {MOST_REQUEST >> 20} MB")
    wanted = PasteRequest.read(parse(data), "")
    bench = studio.bench(wanted.model)
    drawn = await studio.make(request, bench, lambda pause: wanted.draw(bench, pause))
    folder = tempfile.TemporaryDirectory(prefix="ganatomy-studio-")
    try:
        async with studio.large:
            path = await asyncio.to_thread(drawn.write, Path(folder.name))
    except BaseException:
        folder.cleanup()
        raise
    return _download(path, folder)


def _download(path: Path, folder: tempfile.TemporaryDirectory[str]) -> Response:
    """A file that is deleted with its folder when it has been sent."""
    media = exports.MEDIA.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=media, filename=path.name, background=BackgroundTask(folder.cleanup))


async def _socket(socket: WebSocket) -> None:
    studio: Studio = socket.app.state.studio
    await socket.accept()
    try:
        bench = studio.bench(socket.query_params.get("model"))
    except GanatomyError as error:
        await _turn_away(socket, error_text(error), code=4404)
        return
    if studio.num_visitors >= MOST_VISITORS:
        await _turn_away(
            socket, f"{MOST_VISITORS} visitors are connected already; try again later", code=1013
        )
        return
    studio.num_visitors += 1
    try:
        await Visit(socket, bench, studio.workers[bench.name]).run()
    finally:
        studio.num_visitors -= 1


async def _turn_away(socket: WebSocket, why: str, *, code: int) -> None:
    await socket.send_text(json.dumps({"kind": "closing", "error": why}))
    await socket.close(code)


Handler = Callable[[Studio, Request], Awaitable[Response]]


def _answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors, where they are ours, become one sentence for the page."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request.app.state.studio, request)
        except MissingFileError as error:
            return _json({"error": error_text(error)}, status=404)
        except GanatomyError as error:
            return _json({"error": error_text(error)}, status=422)
        except Superseded:
            return _json({"error": CLOSING}, status=503)
        except ClientDisconnect:
            return Response(status_code=499)

    return answer


async def _left(request: Request) -> None:
    """Wait until the client has left; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(data: Mapping[str, Any], *, status: int = 200) -> JSONResponse:
    return JSONResponse(data, status_code=status, headers={"Cache-Control": "no-store"})


def _not_yet(bench: Bench) -> JSONResponse:
    if bench.preparing.failed:
        return _json({"error": bench.preparing.failed}, status=422)
    return _json(
        {"error": "this model is still being measured", "preparing": bench.preparing.data()}, status=409
    )


def _too_long() -> JSONResponse:
    return _json({"error": f"a file has at most {MOST_BODY >> 20} MB"}, status=413)


async def _not_found(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return _json({"error": "there is nothing at this address; the page is at /"}, status=status)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("a request broke", exc_info=error)
    return _json({"error": BROKEN}, status=500)
