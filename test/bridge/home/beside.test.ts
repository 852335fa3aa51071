// The bridge beside a Skerry that does not let it in: whoever started Skerry is told, and what to do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { startBeside } from "../../../src/bridge/home/beside.ts";

it("a folder that came from another machine is complained of once, with the words that mend it", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "skerry-beside-"));
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: "n" } }));
    socket.on("message", (data) => {
      const message = "This key belongs to another machine. Give this one a key of its own: skerry bridge pair --new.";
      const error = { code: "NOT_PAIRED", message, details: { code: "DEVICE_KEY_COPIED" } };
      socket.send(JSON.stringify({ type: "res", id: JSON.parse(String(data)).id, ok: false, error }));
      socket.close(1008);
    });
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const complaints: string[] = [];
  const end = await startBeside({
    url,
    token: "t",
    stateDir,
    version: "1",
    root: process.cwd(),
    workingDir: "/nowhere",
    environment: { PATH: "" },
    complain: (text) => complaints.push(text),
  });
  await expect.poll(() => complaints.filter((text) => text.includes("not let in")), { timeout: 15_000 }).toHaveLength(1);
  expect(complaints.join("\n")).toContain("skerry bridge pair --new");
  expect(complaints.join("\n")).toContain(`--url ${url} --state-dir ${join(stateDir, "bridge")}`);
  await end();
  await new Promise((resolve) => server.close(resolve));
  rmSync(stateDir, { recursive: true, force: true });
});
