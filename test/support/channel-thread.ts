// A line whose platform is a word in the text: for tests of what holds lines. `say:` comes in, `break`, `hang`, `leak` and `fill` do that.
import { writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { Driver, LineHost } from "../../src/bridge/channels/driver.ts";
import { serveLine } from "../../src/bridge/channels/serve-line.ts";
import type { ThreadData } from "../../src/bridge/channels/thread-words.ts";
import { HomeRefused } from "../../src/contract/errors.ts";

const driver: Driver = {
  channel: "whatsapp",
  async open(host) {
    if (host.account.options["refuse"]) throw new HomeRefused("FORBIDDEN", "The password is wrong; give the right one.");
    if (host.account.options["breaks"]) throw new Error("no way to open it");
    host.tell({ phase: "open", who: "+15550001" });
    return {
      async send({ id, to, act }, files) {
        if (act.type === "media") return { outcome: "sent", platformId: files.map(({ name, size }) => `${name}:${size}`).join() };
        const text = act.type === "text" ? act.text : "";
        if (text.startsWith("say:")) await host.hear([spoken(host, text.slice(4), to.peer)]);
        else if (text === "break")
          setImmediate(() => {
            throw new Error("the library threw in a timer");
          });
        else if (text === "leak") await leak();
        else if (text === "later") return { outcome: "unanswered", reason: "not now", retryAfterMs: 5 };
        if (text === "break" || text === "hang") await new Promise(() => undefined);
        writeFileSync(`${host.dir}/sent-${id.replaceAll(/\W/g, "_")}`, text, { flag: "wx" });
        return { outcome: "sent", platformId: `p-${id}` };
      },
      async fetchMedia({ handle }, _from, path) {
        if (handle === "gone") throw new HomeRefused("NOT_FOUND", "The file is gone at the platform.");
        writeFileSync(path, handle);
        return { name: "note.txt" };
      },
      async link({ phone }) {
        host.tell({ phase: "linking", link: { kind: phone ? "code" : "qr", text: phone ?? "QR", until: host.now() + 60_000 } });
      },
      close: async () => undefined,
    };
  },
};

function spoken(host: LineHost, text: string, peer: string) {
  return {
    kind: "message" as const,
    message: {
      id: `t:${text}`,
      from: { channel: host.account.channel, peer, kind: "direct" as const },
      sender: { id: peer },
      parts: [{ type: "text" as const, text }],
      sentAt: host.now(),
    },
  };
}

async function leak(): Promise<void> {
  const kept: string[][] = [];
  for (;;) {
    kept.push(Array.from({ length: 100_000 }, (_none, index) => `${index}-${Math.random()}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

if (!parentPort) throw new Error("a thread");
await serveLine(parentPort, workerData as ThreadData, driver);
