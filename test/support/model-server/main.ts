// The scripted model server as a program: `node test/support/model-server/main.ts --port 4010`. Prints its address as
// one line of JSON and ends when its input ends, when its parent goes, or on a signal.
import { parseArgs } from "node:util";
import { ModelServer } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    keep: { type: "string", default: "5000" },
    detached: { type: "boolean", default: false },
  },
});
const server = await ModelServer.start({ port: Number(values.port), keep: Number(values.keep) });
process.stdout.write(`${JSON.stringify({ url: server.url, pid: process.pid })}\n`);

const stop = () => void server.stop().then(() => process.exit(0));
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
// Whoever started it holds its input open; `--detached` for a shell without one.
if (!values.detached) {
  process.stdin.on("end", stop);
  process.stdin.on("close", stop);
  process.stdin.resume();
}
