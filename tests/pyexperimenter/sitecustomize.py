"""PyExperimenter's credentials name a server without a port, and the tests' servers listen on any that is free."""

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
