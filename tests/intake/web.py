"""A web process of a test's own: the hub's application in one process, so that its death is seen from outside."""

import os
import sys
from wsgiref.simple_server import make_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")


def main(port: int) -> None:
    from hub.wsgi import application

    with make_server("127.0.0.1", port, application) as server:
        print(f"listening on 127.0.0.1:{port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
