// The program of a line's thread.
import { parentPort, workerData } from "node:worker_threads";
import { findDriver } from "./list.ts";
import { serveLine } from "./serve-line.ts";
import type { ThreadData } from "./thread-words.ts";

if (!parentPort) throw new Error("This file runs as a thread of the bridge.");
// The bridge made it.
const data = workerData as ThreadData;
await serveLine(parentPort, data, await findDriver(data.account.channel));
