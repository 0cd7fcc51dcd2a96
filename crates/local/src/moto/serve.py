"""IAM, STS and Cognito user pools on this machine: moto's server on 127.0.0.1, on a free port.

Prints its port on a line of its standard output once connections are accepted, and ends when its
standard input ends: whoever started it may be killed, and leaves nothing behind. Its log goes to the
standard error.
"""

import os
import sys
import threading


def end_with_the_starter():
    while os.read(0, 4096):
        pass
    os._exit(0)


threading.Thread(target=end_with_the_starter, daemon=True).start()

# The last two are loaded here so that the first call does not wait for them.
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
import moto.iam.responses
import moto.sts.responses


class Handler(MotoRequestHandler):
    # Without it an answer of several segments can wait 40 ms for a delayed acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, *_):
        """Only what goes wrong is logged."""


server = make_server(
    "127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=Handler
)
print(server.port, flush=True)
# What moto itself prints is log.
sys.stdout = sys.stderr
server.serve_forever()
