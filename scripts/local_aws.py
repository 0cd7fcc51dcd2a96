#!/usr/bin/env python3
"""SNS, SQS and Lambda on this machine, with the functions that take events between them, as
infra/template.yaml has it in AWS: topics, queues with their dead-letter queues, the functions' event
source mappings, and a queue that receives the alerts. The parts are ministack's
(tests/requirements.txt); the functions are the compiled ones.

    python scripts/local_aws.py SETTINGS

SETTINGS is JSON: `visibility`, how soon, in seconds, the queue of events hands out again what has
failed, and `functions`, by name `entitlement-sync` and, if it is wanted, `trust-sync`, each with
`binary` and `environment`. Everything is on 127.0.0.1, on a free port, and below one temporary folder.

Prints one line of JSON once all is ready: where the parts are. After that it takes an order a line from
its standard input and answers each with one line of JSON: `pause` has `entitlement-sync` take nothing
from its queue, `resume` goes on, both answered by `{}`; `invoke FUNCTION PAYLOAD` is answered by what the
function answers. It ends, with every process that it started, when its standard input ends: whoever
started it may be killed, and leaves nothing behind. Its log, with the functions', goes to the standard
error.
"""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

ACCOUNT = "111122223333"
REGION = "eu-central-1"
# Opens nothing but these parts.
CREDENTIAL = "local"
# Known to the queue's policy, and named in the answer; whether they are producers says the table.
TOPICS = ("clinical-platform", "app-registry", "unregistered")
# Subscribed as well, and not in the policy: nothing of it may reach the queue.
STRANGER = "stranger"
EVENTS = "entitlement-sync"
TRUST = "trust-sync"
EVENTS_TIMEOUT_S = 10
TRUST_TIMEOUT_S = 30
TRIES = 5
PATIENCE_S = 30


def main():
    if sys.argv[1] == "--serve":
        return serve(int(sys.argv[2]))
    settings = json.loads(sys.argv[1])
    # Everything that is started here is in this group: one signal ends it all.
    if os.getpgrp() != os.getpid():
        os.setpgrp()
    folder = tempfile.mkdtemp(prefix="signet-local-aws-")
    try:
        aws = Aws(*started(folder))
        answer(aws.build(settings["visibility"], settings["functions"]))
        for line in sys.stdin:
            answer(aws.obey(*line.strip().split(" ", 2)))
    except BaseException as error:  # whatever it is, nothing may stay behind
        print(f"local_aws: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)


def started(folder):
    """The server in a process of its own, and where it is."""
    # The socket itself is handed on: nobody else can take the port between choosing and using it.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-B", "-u", os.path.abspath(__file__), "--serve", str(listener.fileno())]
        server = subprocess.Popen(
            command,
            env=variables(folder, port),
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
        )
    return f"http://127.0.0.1:{port}", server


def variables(folder, port):
    """Nothing of this machine's environment but these; the functions inherit them."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        # Signatures and policies count, the queues' and the functions' among them.
        "AUTH": "true",
        # Nothing but the port above is opened, and no Docker of this machine is spoken to.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "HOME": folder,
        "TMPDIR": folder,
        "STATE_DIR": os.path.join(folder, "state"),
        "S3_DATA_DIR": os.path.join(folder, "s3"),
    }


def serve(descriptor):
    import asyncio

    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    asyncio.run(hypercorn(app, config, shutdown_trigger=asyncio.Event().wait))


def answer(value):
    print(json.dumps(value), flush=True)


class Aws:
    def __init__(self, endpoint, server):
        import botocore.session

        self.endpoint, self.server = endpoint, server
        session = botocore.session.Session()
        session.set_credentials(CREDENTIAL, CREDENTIAL)
        client = lambda name: session.create_client(name, region_name=REGION, endpoint_url=endpoint)
        self.iam, self.sns, self.sqs, self.functions = map(client, ("iam", "sns", "sqs", "lambda"))
        self.mapping = None

    def build(self, visibility, functions):
        self.wait_until_ready()
        topics = {name: self.topic(name) for name in (*TOPICS, STRANGER)}
        alerts = self.topic("signet-alerts")
        queue = self.queue("signet-entitlement-sync", visibility)
        self.accept(queue["url"], queue["arn"], [topics[name] for name in TOPICS])
        for topic in topics.values():
            self.subscribe(topic, queue["arn"])
        told, told_arn = self.created("alerts-of-the-tests", {})
        self.accept(told, told_arn, [alerts])
        self.subscribe(alerts, told_arn)
        both = {"SIGNET_ALERT_TOPIC": alerts, "AWS_ENDPOINT_URL_SNS": self.endpoint}
        publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": alerts}
        self.mapping = self.function(EVENTS, EVENTS_TIMEOUT_S, functions[EVENTS], both, [publish], queue)
        parts = {
            "endpoint": self.endpoint,
            "topics": topics,
            "queue": queue["url"],
            "dead_letters": queue["dead"],
            "alerts": told,
        }
        if TRUST in functions:
            accounts = self.queue("signet-trust-sync.fifo", TRUST_TIMEOUT_S)
            both |= {"SIGNET_TRUST_QUEUE_URL": accounts["url"], "AWS_ENDPOINT_URL_SQS": self.endpoint}
            # To SQS itself a batch is SendMessage as well.
            actions = ["sqs:SendMessage", "sqs:SendMessageBatch"]
            send = {"Effect": "Allow", "Action": actions, "Resource": accounts["arn"]}
            self.function(TRUST, TRUST_TIMEOUT_S, functions[TRUST], both, [publish, send], accounts)
            parts |= {"accounts": accounts["url"], "accounts_dead_letters": accounts["dead"]}
        return parts

    def obey(self, order, function=None, payload=None):
        if order == "invoke":
            told = self.functions.invoke(FunctionName=function, Payload=payload)
            return {"error": told.get("FunctionError"), "answer": json.loads(told["Payload"].read() or "null")}
        enabled = {"pause": False, "resume": True}[order]
        self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=enabled)
        return {}

    def wait_until_ready(self):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.sqs.list_queues()
                return
            except Exception:
                if time.monotonic() > end or self.server.poll() is not None:
                    raise
                time.sleep(0.05)

    def topic(self, name):
        return self.sns.create_topic(Name=name)["TopicArn"]

    def queue(self, name, visibility):
        """A queue with its dead-letter queue: URLs and ARN."""
        kind = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        dead, dead_arn = self.created(f"dead-{name}", kind)
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": TRIES})
        url, arn = self.created(name, kind | {"VisibilityTimeout": str(visibility), "RedrivePolicy": redrive})
        return {"url": url, "arn": arn, "dead": dead}

    def created(self, name, attributes):
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, told["Attributes"]["QueueArn"]

    def accept(self, url, arn, topics):
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topics}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def subscribe(self, topic, queue_arn):
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)

    def function(self, name, timeout, given, further, rights, queue):
        """A function that works off a queue: its event source mapping."""
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = self.iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        receive = {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": queue["arn"],
        }
        self.iam.put_role_policy(
            RoleName=name,
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [*rights, receive]}),
        )
        self.functions.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=role,
            Code={"ZipFile": zipped(given["binary"])},
            MemorySize=512,
            Timeout=timeout,
            Environment={"Variables": given["environment"] | further},
        )
        return self.functions.create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=queue["arn"],
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )["UUID"]


def zipped(binary):
    """A deployment package. Stored, not compressed: nothing is sent anywhere."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        with open(binary, "rb") as file:
            archive.writestr(entry, file.read())
    return package.getvalue()


if __name__ == "__main__":
    main()
