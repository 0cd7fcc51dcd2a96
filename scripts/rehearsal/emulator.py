"""AWS on this machine: ministack, on a free port of 127.0.0.1, which is ended with all that it started."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import boto3
import local_aws
from botocore.config import Config

from rehearsal.steps import Failed

ACCOUNT = local_aws.ACCOUNT
OTHER_ACCOUNT = "444455556666"
REGION = local_aws.REGION
# A user pool fails a sign-in whose trigger fails, as Cognito does. The functions inherit the endpoint as
# well: it is how they find DynamoDB and the others.
OF_ITS_OWN = {"MINISTACK_COGNITO_PRETOKEN_STRICT": "1"}


class Aws:
    """Where it is. To ministack an access key of twelve digits is the account of that number."""

    def __init__(self, folder, port, server):
        self.folder, self.port, self.server = folder, port, server
        self.endpoint = f"http://127.0.0.1:{port}"
        self.clients = {}

    def client(self, service, account=ACCOUNT):
        """A client of an account's service. It does not try again: nothing is lost on the way here."""
        key = service, account
        if key not in self.clients:
            self.clients[key] = boto3.session.Session().client(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id=account,
                aws_secret_access_key=local_aws.CREDENTIAL,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
            )
        return self.clients[key]

    def without_tls(self, service):
        """A client whose calls say that they came in the clear."""
        client = boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=local_aws.CREDENTIAL,
        )
        client.meta.events.register(
            f"before-sign.{service}", lambda request, **_: request.headers.add_header("x-forwarded-proto", "http")
        )
        return client

    def environment(self, account=ACCOUNT, **more):
        """What a tool needs to take this for AWS. Nothing of the caller's own account is in it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SIGNET_"))}
        nothing = os.path.join(self.folder, "none")
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": local_aws.CREDENTIAL,
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
        } | more

    def log(self):
        with open(os.path.join(self.folder, "ministack.log"), errors="replace") as file:
            return file.read()


@contextlib.contextmanager
def running(python, folder):
    """Starts it with this Python, and everything that it writes below this folder."""
    if not os.access(python, os.X_OK):
        raise Failed(f"ministack is not installed: no `{python}`; run `make setup` first")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    # The socket itself is handed on: nobody else can take the port between choosing and using it.
    with socket.create_server(("127.0.0.1", 0)) as listener, open(f"{folder}/ministack.log", "w") as log:
        port = listener.getsockname()[1]
        server = subprocess.Popen(
            [python, "-B", "-u", pathlib.Path(__file__).with_name("server.py"), str(listener.fileno())],
            env=local_aws.variables(str(folder), port) | OF_ITS_OWN | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"},
            pass_fds=[listener.fileno()],
            # It ends when this does: whoever runs the rehearsal may be killed, and leaves nothing behind.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Aws(str(folder), port, server)
    finally:
        # It leads a group of its own, and the functions that it started are in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        keep_log_alone(folder)


def keep_log_alone(folder):
    """What it had stored is of no use to anybody, and some of it is large."""
    for entry in pathlib.Path(folder).iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
