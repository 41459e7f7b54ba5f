"""What PyExperimenter needs to run beside our tests.

Its credentials name a server without a port, and the tests' servers listen on any that is free. Its processes make a folder
`logs` where there is none, and of two that start at the same time one would fail: it is there before.
"""

import os

os.makedirs("logs", exist_ok=True)

try:
    from pymysql.connections import Connection
except ImportError:
    Connection = None

if Connection is not None:
    connect = Connection.__init__

    def connect_to_port(self, *args, host=None, **kwargs):
        if host and ":" in host:
            host, port = host.rsplit(":", 1)
            kwargs["port"] = int(port)
        connect(self, *args, host=host, **kwargs)

    Connection.__init__ = connect_to_port
