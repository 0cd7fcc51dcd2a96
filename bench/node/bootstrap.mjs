// A Lambda runtime of a few lines, in place of the one that Lambda brings for Node.js: start the
// hook, then take one invocation after the other over one connection that is kept open.
import http from "node:http";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": body.length };
    const request = http.request({ host, port, method, path: `/2018-06-01/runtime/${path}`, agent, headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const json = (value) => Buffer.from(JSON.stringify(value));
const failure = (error) => json({ errorType: error.name, errorMessage: error.message });

async function run() {
  let handler;
  try {
    ({ handler } = await import("./hook.mjs"));
  } catch (error) {
    console.error(error);
    await call("POST", "init/error", failure(error));
    process.exit(1);
  }
  for (;;) {
    const invocation = await call("GET", "invocation/next");
    const id = invocation.headers["lambda-runtime-aws-request-id"];
    let outcome;
    try {
      outcome = ["response", json(await handler(JSON.parse(invocation.body)))];
    } catch (error) {
      console.error(error);
      outcome = ["error", failure(error)];
    }
    await call("POST", `invocation/${id}/${outcome[0]}`, outcome[1]);
  }
}

run().catch((error) => {
  // The Runtime API is gone, and with it the sandbox.
  console.error(error.message);
  process.exit(1);
});
