"""What the tests of the studio share: a toy on its bench, scenes of it, and how to speak with a studio."""

from __future__ import annotations

import json
from typing import Any

from starlette.testclient import TestClient, WebSocketTestSession

from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import OracleScorer
from ganatomy.recipes import ModelReference
from ganatomy.studio.bench import Bench

NAMES = ("red", "round", "large", "bright")


def toy_bench(name: str = "toy") -> Bench:
    generator = ToyGenerator(z_dim=8, w_dim=8, num_layers=4, attributes=NAMES, cosine=0.4)
    generator.eval()
    reference = ModelReference(name=name, fingerprint=generator.fingerprint)
    return Bench(name=name, generator=generator, reference=reference, scorer=OracleScorer(generator))


def codes(seed: int = 7) -> dict[str, Any]:
    return {"seeds": [seed], "space": "w", "truncation_psi": 0.7}


def scene(seed: int = 7, **fields: Any) -> dict[str, Any]:
    return {"codes": codes(seed), **fields}


def connected(client: TestClient, model: str = "toy") -> WebSocketTestSession:
    """A visitor of a studio, whose client would else call itself by a foreign host."""
    return client.websocket_connect(f"/socket?model={model}", headers={"host": "localhost"})


def answer(socket: WebSocketTestSession) -> tuple[dict[str, Any], bytes]:
    """The next message of a studio: its facts, and its image."""
    message = socket.receive()
    if message.get("bytes") is not None:
        data = message["bytes"]
        length = int.from_bytes(data[:4], "big")
        return json.loads(data[4 : 4 + length]), data[4 + length :]
    return json.loads(message["text"]), b""


def ask(
    socket: WebSocketTestSession,
    query: dict[str, Any],
    *,
    number: int = 1,
    slot: str = "edit",
    answers: int = 1,
) -> list[tuple[dict[str, Any], bytes]]:
    """Send a query; gives so many answers."""
    socket.send_text(json.dumps({"id": number, "slot": slot, "query": query}))
    return [answer(socket) for _ in range(answers)]


def refined(socket: WebSocketTestSession, scenes: list[dict[str, Any]], to: dict[str, float]) -> list[Any]:
    """All answers, to the last."""
    found = ask(socket, {"kind": "refine", "scenes": scenes, "to": to}, slot="refine")
    while found[-1][0]["kind"] not in ("refined", "error"):
        found.append(answer(socket))
    return found
