"""When and on what: figures say nothing without."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psycopg
import redis

from benchmarks.children import CORES, ROOT

PACKAGES = ("Django", "channels", "channels-redis", "uvicorn", "websockets", "daphne", "redis", "hiredis", "psycopg")


def servers(postgres: str, redis_url: str) -> dict[str, str]:
    """Names and versions of the servers at these URLs."""
    with psycopg.connect(postgres) as connection:
        found = {"PostgreSQL": str(connection.execute("SHOW server_version").fetchone()[0]).split()[0]}  # type: ignore[index]  # SHOW has a row
    with redis.Redis.from_url(redis_url) as client:
        about = client.info("server")
    name = "valkey" if "valkey_version" in about else "redis"
    return {**found, f"{name}-server": str(about[f"{name}_version"])}


def circumstances(found_servers: Mapping[str, str]) -> dict[str, object]:
    """What belongs beside every figure, for the JSON file."""
    versions = {name: _version(name) for name in PACKAGES}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": len(CORES),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {**versions, "SQLite": sqlite3.sqlite_version, **found_servers},
    }


def sentence(machine: Mapping[str, object]) -> str:
    """The same for people."""
    versions = machine["versions"]
    assert isinstance(versions, dict)
    names = ", ".join(f"{name} {number or '(none)'}" for name, number in versions.items())
    where = f"{machine['cores']} cores ({machine['processor']}), {machine['kernel']}"
    commit = f", commit {machine['commit']}" if machine["commit"] else ""
    return f"{machine['date']}{commit}; {where}; Python {machine['python']}, {names}."


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """With a "+" behind it where files differ from it; None outside a repository."""
    git = ["git", "-C", str(ROOT)]
    try:
        commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + "+" * bool(changes.stdout)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine()) or os.uname().machine
