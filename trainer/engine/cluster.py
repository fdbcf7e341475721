"""Connection to a Dask cluster: that at an address, or one made on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
LOCAL = "local:"


def connect(address: str) -> Client:
    """Connect to the scheduler at an address, or start ``local:N`` workers that end with the client.

    Raises
    ------
    ConfigError
        dask.distributed is not installed, or nothing answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            "--dask needs dask.distributed: install it with pip install 'napari-skinseg[distributed]'"
        ) from error
    if address.startswith(LOCAL):
        workers = address.removeprefix(LOCAL)
        if not workers.isdecimal() or int(workers) < 1:
            raise ConfigError(f"--dask {address}: say how many workers, as local:2")
        return Client(n_workers=int(workers), threads_per_worker=1, dashboard_address=None)
    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--dask {address}: no scheduler answers there, give one as tcp://HOST:8786"
        ) from error
