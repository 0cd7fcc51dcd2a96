"""A Lambda runtime of a few lines, in place of the one that Lambda brings for Python: start the
hook, then take one invocation after the other over one connection that is kept open."""

import http.client
import json
import os
import sys
import traceback

ROOT = "/2018-06-01/runtime/"
JSON = {"Content-Type": "application/json"}


def failure(error):
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()


def call(connection, method, path, body=None):
    connection.request(method, ROOT + path, body, JSON if body is not None else {})
    answer = connection.getresponse()
    return answer.headers, answer.read()


def run():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        from hook import handler
    except Exception as error:
        traceback.print_exc()
        call(connection, "POST", "init/error", failure(error))
        sys.exit(1)
    while True:
        headers, body = call(connection, "GET", "invocation/next")
        request_id = headers["lambda-runtime-aws-request-id"]
        try:
            kind, outcome = "response", json.dumps(handler(json.loads(body))).encode()
        except Exception as error:
            traceback.print_exc()
            kind, outcome = "error", failure(error)
        call(connection, "POST", f"invocation/{request_id}/{kind}", outcome)


if __name__ == "__main__":
    try:
        run()
    except (OSError, http.client.HTTPException) as gone:
        # The Runtime API is gone, and with it the sandbox.
        sys.exit(str(gone))
