// Small parts of the control rooms: log lines, scopes in words, spans of time, names of files.
import { describe, expect, it } from "vitest";
import { describeAddress, describeScopes, isRevoked, nameBrowser } from "../../../src/web/control/devices/pairing.ts";
import { addPage, type LogLine, pickLines, readLine } from "../../../src/web/control/health/log-lines.ts";
import { drawSquares } from "../../../src/web/control/parts/qr.ts";
import { fileNameOf } from "../../../src/web/control/parts/save.ts";
import { describeAgo, describeBytes, describeSpan } from "../../../src/web/control/parts/words.ts";
import { hrefOf } from "../../../src/web/control/rooms.ts";
import { readRoute } from "../../../src/web/state/route.ts";

const line = (level: string, message: string) =>
  JSON.stringify({ time: "2026-11-23T12:00:00.000Z", level, subsystem: "gateway", message, client: "cli", tries: 2 });
const page = (lines: string[], change = {}) => ({ cursor: lines.length, lines, truncated: false, reset: false, ...change });

describe("the log", () => {
  it("reads a line, and shows one that is no JSON as it is", () => {
    expect(readLine(line("warn", "slow"), 1)).toMatchObject({
      level: "warn",
      text: "slow",
      more: "client=cli tries=2",
      at: Date.UTC(2026, 10, 23, 12),
    });
    expect(readLine("plain words", 2)).toMatchObject({ level: "info", text: "plain words", at: 0 });
    expect(readLine("null", 3)).toMatchObject({ text: "null" });
  });

  it("goes on where it was, begins anew after a restart, and keeps a bound", () => {
    const first = addPage([], page([line("info", "a"), line("info", "b")]));
    const second = addPage(first, page([line("info", "c")]));
    expect(second.map(({ text }) => text)).toEqual(["a", "b", "c"]);
    expect(new Set(second.map(({ id }) => id)).size).toBe(3);
    const fresh = addPage(second, page([line("info", "d")], { reset: true }));
    expect(fresh.map(({ text }) => text)).toEqual(["d"]);
    expect(second.some(({ id }) => id === fresh[0]?.id)).toBe(false);
    let many: LogLine[] = [];
    for (let turn = 0; turn < 5; turn++)
      many = addPage(many, page(Array.from({ length: 500 }, (_, at) => line("info", `${turn}-${at}`))));
    expect(many).toHaveLength(2000);
    expect(many.at(-1)?.text).toBe("4-499");
  });

  it("is picked by level and by words, whatever their case", () => {
    const lines = addPage([], page([line("info", "Connected"), line("warn", "slow model"), line("error", "no key")]));
    expect(pickLines(lines, "warn", "").map(({ text }) => text)).toEqual(["slow model", "no key"]);
    expect(pickLines(lines, "info", " CONNECTED ").map(({ text }) => text)).toEqual(["Connected"]);
  });
});

describe("devices", () => {
  it("are described by what they may do", () => {
    expect(describeScopes(["operator.read", "operator.write"])).toBe("read and talk to the agent");
    expect(describeScopes(["operator.admin", "operator.read"])).toBe("change everything, read and talk");
    expect(describeScopes(["operator.later"])).toBe("operator.later");
    expect(describeScopes([])).toBe("connect, nothing more");
  });

  it("are locked out when no token of theirs lives", () => {
    expect(isRevoked({ tokens: [{ role: "operator", revokedAtMs: 1 }] })).toBe(true);
    expect(isRevoked({ tokens: [{ role: "operator", revokedAtMs: 1 }, { role: "node" }] })).toBe(false);
    expect(isRevoked({ tokens: [] })).toBe(false);
  });

  it("draws a code whose corners are the three marks of a QR code", async () => {
    const { size, path } = await drawSquares("http://127.0.0.1:19500/#code=abcdefgh");
    expect((size - 17) % 4).toBe(0);
    for (const corner of ["M0 0h7v1h-7z", `M${size - 7} 0h7v1h-7z`, `M0 ${size - 1}h7v1h-7z`]) expect(path).toContain(corner);
  });
});

describe("words", () => {
  it.each([
    [4_000, "4 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [5_400_000, "1 h 30 min"],
    [86_400_000 * 2 + 3_600_000 * 3 + 60_000, "2 days 3 h"],
  ])("for %d ms are %s", (ms, words) => {
    expect(describeSpan(ms)).toBe(words);
  });

  it("call a moment ago just now", () => {
    expect(describeAgo(1_000, 2_000)).toBe("just now");
    expect(describeAgo(0, 120_000)).toBe("2 min ago");
  });

  it.each([
    ["Travel to Lofoten!", "travel-to-lofoten.md"],
    ["../../etc/passwd", "etc-passwd.md"],
    ["???", "session.md"],
    ["خطة", "خطة.md"],
  ])("name the file of %j", (title, name) => {
    expect(fileNameOf(title, "md")).toBe(name);
  });
});

describe("addresses of rooms", () => {
  it.each(["agent:main:main", "agent:main:a/b c?#%", "agent:main:шхера"])("lead back to %s", (key) => {
    expect(readRoute(hrefOf("sessions", key))).toEqual({ room: "control", rest: `sessions/${key}` });
  });
});

it.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [45_056, "45.1 kB"],
  [5_000_000_000, "5 GB"],
  [123_456_789, "123 MB"],
])("%i bytes are %s", (bytes, words) => {
  expect(describeBytes(bytes)).toBe(words);
});

it.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    "Safari on iPhone",
  ],
  [
    "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36",
    "Chrome on Android",
  ],
  ["curl/8.5.0", "curl"],
  ["", "A browser"],
])("%s is %s", (userAgent, name) => {
  expect(nameBrowser(userAgent)).toBe(name);
});

it("says where someone is from, when that is known", () => {
  expect(["local", "192.0.2.1", "unknown", undefined].map(describeAddress)).toEqual([
    "from this machine",
    "from 192.0.2.1",
    "",
    "",
  ]);
});
