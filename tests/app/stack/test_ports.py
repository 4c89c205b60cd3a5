"""Ports are chosen free and distinct, and a taken one is named before anything starts."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from app.errors import StartupError
from app.settings import StackSettings
from app.stack.ports import fill_in, require_free
from app.stack.programs import HOST, Program

FakeProgram = Callable[[str], Program]


def test_every_zero_becomes_a_port_of_its_own(free_ports: StackSettings) -> None:
    """0 is replaced by a free port, no port is given out twice, and a port that was set stays."""
    ports = fill_in(free_ports.model_copy(update={"jaeger_port": 16686}))

    chosen = [port for _, port in ports]
    assert len(set(chosen)) == len(chosen)
    assert all(port > 0 for port in chosen)
    assert ports.jaeger_port == 16686


def test_a_taken_port_is_named_with_its_owner(fake_program: FakeProgram) -> None:
    """The error has the port, the setting and the process that listens there."""
    program = fake_program("prometheus")
    port = program.ports["prometheus_port"]
    with socket.socket() as listener:
        listener.bind((HOST, port))
        listener.listen()

        expected = rf"Port {port} \(stack\.prometheus_port\) is taken by .*\(pid {os.getpid()}\)\."
        with pytest.raises(StartupError, match=expected):
            require_free([program])


def test_free_ports_pass(fake_program: FakeProgram) -> None:
    """Ports that nobody listens on are no reason to stop."""
    require_free([fake_program("prometheus"), fake_program("jaeger")])
