// The thread's side of one line: opens the driver of its account and does what the bridge asks. Whatever breaks in here ends this thread alone.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MessagePort } from "node:worker_threads";
import { createBirpc } from "birpc";
import { HomeRefused } from "../../contract/errors.ts";
import type { Driver, OpenLine } from "./driver.ts";
import type { InBridge, InThread, ThreadData, Told } from "./thread-words.ts";

export async function serveLine(
  port: MessagePort,
  { account, dir, packages }: ThreadData,
  driver: Driver | undefined,
): Promise<void> {
  const opening = Promise.withResolvers<OpenLine>();
  opening.promise.catch(() => undefined);
  const inThread: InThread = {
    send: async (request, files) => (await opening.promise).send(request, files),
    fetchMedia: (remote, from, path, maxBytes) =>
      told(async () => {
        const line = await opening.promise;
        if (!line.fetchMedia) throw new HomeRefused("NOT_FOUND", "This channel has no files to fetch.");
        return line.fetchMedia(remote, from, path, maxBytes);
      }),
    read: (from, limit) =>
      told(async () => {
        const line = await opening.promise;
        if (!line.read) throw new HomeRefused("INVALID_REQUEST", "This channel does not give out earlier messages.");
        return line.read(from, limit);
      }),
    link: (wish) =>
      told(async () => {
        const line = await opening.promise;
        if (!line.link)
          throw new HomeRefused("INVALID_REQUEST", "An account of this channel is not linked: its keys are enough.");
        await line.link(wish);
        return null;
      }),
    unlink: () =>
      told(async () => {
        await (await opening.promise).unlink?.();
        return null;
      }),
    close: async () => {
      const line = await opening.promise.catch(() => undefined);
      await line?.close();
    },
  };
  const bridge = createBirpc<InBridge, InThread>(inThread, {
    post: (data) => port.postMessage(data),
    on: (hear) => port.on("message", hear),
    eventNames: ["tell", "log"],
    timeout: -1,
  });
  if (!driver) throw new Error(`There is no line for ${account.channel} in this version of Skerry.`);
  try {
    const line = await driver.open({
      account,
      dir,
      load: (name) => load(packages, name),
      hear: (inbound) => bridge.hear(inbound),
      tell: (news) => void bridge.tell(news),
      log: (text, isBad = false) => void bridge.log(text, isBad),
      now: Date.now,
    });
    opening.resolve(line);
  } catch (error) {
    opening.reject(error);
    if (!(error instanceof HomeRefused)) throw error;
    bridge.tell({ phase: "refused", said: error.message });
  }
}

/** Of the channel's own packages, which are beside no file of ours. */
function load(packages: string | undefined, name: string): Promise<unknown> {
  if (packages === undefined) throw new Error(`This channel has no package ${name}.`);
  return import(pathToFileURL(join(packages, `load-${name.replaceAll(/[@/]/g, "_")}.mjs`)).href);
}

async function told<T>(work: () => Promise<T>): Promise<Told<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof HomeRefused) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: "UNAVAILABLE", message: error instanceof Error ? error.message : String(error) };
  }
}
