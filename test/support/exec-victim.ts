// A program that runs a command as the bridge does, to be killed by a test. Arguments: state folder, home folder.
import { openExec } from "../../src/bridge/exec/exec.ts";
import { execStart } from "../../src/contract/home/commands.ts";

const [stateDir = "", homeFolder = ""] = process.argv.slice(2);
const room = openExec({
  stateDir,
  homeFolder,
  config: { exec: undefined, files: { read: [], write: [] } },
  environment: {},
  hosts: {},
  log: (text) => console.error(text),
});
const signal = new AbortController().signal;
const never = () => Promise.reject(new Error("No files are passed on here."));
const command =
  "echo began; echo $$ >> pids; setsid sleep 300 & echo $! >> pids; (trap '' TERM; sleep 300) & echo $! >> pids; wait";
await room.commands["exec.start"]?.(
  execStart.parse({
    processId: "victim",
    sessionKey: "one",
    place: { kind: "home" },
    command,
    workdir: homeFolder,
    yieldMs: 0,
    policy: { security: "full", ask: "off" },
  }),
  { callId: "c", signal, progress: () => undefined, transfer: { give: never, take: never }, now: Date.now },
);
